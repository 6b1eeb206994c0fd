//! Headers of a tar archive: POSIX ustar, with a pax extended header where a name or a size needs one
//! (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header").

use crate::layer_files::Owner;

/// Size of a block in bytes: an archive is made of these.
pub(crate) const BLOCK: u64 = 512;
/// Bytes that end an archive.
pub(crate) const END: u64 = 2 * BLOCK;
/// The first size that the field of a header, of eleven octal digits, cannot hold.
const SIZE_LIMIT: u64 = 1 << 33;

const BLOCK_BYTES: usize = BLOCK as usize;
const NAME: usize = 100;
const PREFIX: usize = 155;

/// What a header says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    pub(crate) kind: TarEntryKind,
    /// Path without slashes at either end.
    pub(crate) path: &'a [u8],
    /// What a symbolic link points to; else empty.
    pub(crate) target: &'a [u8],
    pub(crate) mode: u32,
    pub(crate) owner: Owner,
    /// Bytes that follow.
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) mtime: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TarEntryKind {
    File = b'0',
    Symlink = b'2',
    Directory = b'5',
    Pax = b'x',
}

/// Bytes up to the end of the block.
pub(crate) fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK) - size
}

impl Header<'_> {
    /// Number of bytes of [`Header::bytes`].
    pub(crate) fn len(&self) -> u64 {
        let records = self.records().len() as u64;
        if records == 0 { BLOCK } else { 2 * BLOCK + records.next_multiple_of(BLOCK) }
    }

    /// The header, after an extended one where that is needed.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let records = self.records();
        let mut bytes = Vec::new();
        if !records.is_empty() {
            let size = records.len() as u64;
            let pax = Self { kind: TarEntryKind::Pax, path: b"pax", target: b"", mode: 0o644, size, ..*self };
            bytes.extend(pax.block());
            bytes.extend(&records);
            bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
        }
        bytes.extend(self.block());
        bytes
    }

    /// The records of the extended header.
    fn records(&self) -> Vec<u8> {
        let mut records = Vec::new();
        if split(&self.name()).is_none() {
            record(&mut records, "path", &self.name());
        }
        if self.target.len() > NAME {
            record(&mut records, "linkpath", self.target);
        }
        if self.size >= SIZE_LIMIT {
            record(&mut records, "size", self.size.to_string().as_bytes());
        }
        records
    }

    /// The path as it is written: that of a folder ends in a slash.
    fn name(&self) -> Vec<u8> {
        let slash: &[u8] = if self.kind == TarEntryKind::Directory { b"/" } else { b"" };
        [self.path, slash].concat()
    }

    fn block(&self) -> [u8; BLOCK_BYTES] {
        let mut block = [0; BLOCK_BYTES];
        let name = self.name();
        let (prefix, name) = split(&name).unwrap_or((b"", &name[..NAME.min(name.len())]));
        put(&mut block, 0, name);
        octal(&mut block, 100, 7, u64::from(self.mode));
        octal(&mut block, 108, 7, u64::from(self.owner.uid));
        octal(&mut block, 116, 7, u64::from(self.owner.gid));
        octal(&mut block, 124, 11, if self.size >= SIZE_LIMIT { 0 } else { self.size });
        octal(&mut block, 136, 11, self.mtime);
        put(&mut block, 148, b"        ");
        block[156] = self.kind as u8;
        put(&mut block, 157, &self.target[..NAME.min(self.target.len())]);
        put(&mut block, 257, b"ustar\x0000");
        put(&mut block, 345, prefix);
        let sum = block.iter().map(|byte| u64::from(*byte)).sum();
        octal(&mut block, 148, 6, sum);
        block[154] = 0;
        block
    }
}

/// A name as prefix and name of a ustar header; `None` when it fits neither way.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= NAME {
        return Some((b"", name));
    }
    let first = name.len() - NAME - 1;
    let slash = first + name[first..name.len() - 1].iter().position(|byte| *byte == b'/')?;
    (0 < slash && slash <= PREFIX).then(|| (&name[..slash], &name[slash + 1..]))
}

/// `length key=value\n`, where the length counts itself.
fn record(records: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let digits = |number: usize| number.to_string().len();
    let mut length = rest + digits(rest);
    length = rest + digits(length);
    records.extend(format!("{length} {key}=").bytes());
    records.extend(value);
    records.push(b'\n');
}

fn put(block: &mut [u8; BLOCK_BYTES], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// A number in octal digits, cut to the width of its field.
fn octal(block: &mut [u8; BLOCK_BYTES], at: usize, width: usize, mut number: u64) {
    for index in (at..at + width).rev() {
        block[index] = b"01234567"[(number % 8) as usize];
        number /= 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'a>(path: &'a [u8], target: &'a [u8], kind: TarEntryKind) -> Header<'a> {
        Header { kind, path, target, mode: 0o1777, owner: Owner { uid: 1000, gid: 1001 }, size: 0, mtime: 7 }
    }

    fn read_back(header: Header<'_>) -> (Vec<u8>, Vec<u8>, u32, u64, u64) {
        let bytes = header.bytes();
        assert_eq!(header.len(), bytes.len() as u64);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        let target = entry.link_name_bytes().map(|name| name.to_vec()).unwrap_or_default();
        let found = entry.header();
        (
            entry.path_bytes().to_vec(),
            target,
            found.mode().unwrap(),
            found.uid().unwrap() + found.gid().unwrap(),
            found.mtime().unwrap(),
        )
    }

    #[test]
    fn every_length_of_name_and_target_is_read_back() {
        for length in 1..700 {
            let deep: Vec<u8> = b"folder/".iter().copied().cycle().take(length).collect();
            let deep = deep.strip_suffix(b"/").unwrap_or(&deep);
            for path in [vec![b'\xfe'; length].as_slice(), deep] {
                let found = read_back(header(path, b"", TarEntryKind::File));
                assert_eq!(found, (path.to_vec(), Vec::new(), 0o1777, 2001, 7));
                let found = read_back(header(path, path, TarEntryKind::Symlink));
                assert_eq!((found.0.as_slice(), found.1.as_slice()), (path, path));
                let found = read_back(header(path, b"", TarEntryKind::Directory));
                assert_eq!(found.0, [path, b"/"].concat());
            }
        }
    }

    #[test]
    fn a_size_beyond_eight_gibibytes_has_a_record() {
        let size = 3 << 33;
        let bytes = Header { size, ..header(b"big", b"", TarEntryKind::File) }.bytes();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains(&format!("20 size={size}\n")), "{text}");
    }
}
