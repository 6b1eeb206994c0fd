//! Debian packages as bytes (deb(5)): an `ar` archive of `control.tar` and `data.tar`, compressed.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use lzma_rust2::{Action, Status, XzStream};
use tar::Archive;

use process::EngineError;

/// Begins an `ar` archive.
const MAGIC: &[u8] = b"!<arch>\n";
/// Bytes of a member's header.
const HEADER: usize = 60;
/// Bytes unpacked at once.
const XZ_BLOCK: usize = 1 << 20;

/// What is in a package.
pub(crate) struct Deb {
    /// Its stanza: name, version, dependencies.
    pub(crate) control: String,
    /// Its files, as a tar archive.
    pub(crate) data: Vec<u8>,
}

/// Reads a package.
///
/// # Errors
/// The file cannot be read, or is no package.
pub(crate) fn read(file: &Path) -> Result<Deb, EngineError> {
    let reading = || EngineError::io(format!("reading the package {}", file.display()));
    let source = BufReader::new(File::open(file).map_err(reading())?);
    members(source).map_err(reading())
}

/// The script that dpkg would run after it unpacked a package; empty when there is none.
///
/// # Errors
/// As [`read`].
pub(crate) fn install_script(file: &Path) -> Result<String, EngineError> {
    let reading = || EngineError::io(format!("reading the package {}", file.display()));
    let mut source = BufReader::new(File::open(file).map_err(reading())?);
    script(&mut source).map_err(reading())
}

fn script(source: &mut impl Read) -> std::io::Result<String> {
    source.read_exact(&mut [0; MAGIC.len()])?;
    while let Some((name, size)) = header(source)? {
        let mut member = source.take(size);
        if let Some(suffix) = name.strip_prefix("control.tar") {
            return Ok(control_file(&unpacked(suffix, &mut member)?, "postinst")?.unwrap_or_default());
        }
        std::io::copy(&mut source.take(size + size % 2), &mut std::io::sink())?;
    }
    Err(damaged("it lacks control.tar"))
}

fn members(mut source: impl Read) -> std::io::Result<Deb> {
    let mut magic = [0; MAGIC.len()];
    source.read_exact(&mut magic)?;
    if magic != *MAGIC {
        return Err(damaged("no ar archive"));
    }
    let (mut control, mut data) = (None, None);
    while let Some((name, size)) = header(&mut source)? {
        let mut member = source.by_ref().take(size);
        if let Some(suffix) = name.strip_prefix("control.tar") {
            control = Some(stanza(&unpacked(suffix, &mut member)?)?);
        } else if let Some(suffix) = name.strip_prefix("data.tar") {
            data = Some(unpacked(suffix, &mut member)?);
        }
        // Members begin at even offsets.
        let rest = member.limit();
        if std::io::copy(&mut source.by_ref().take(rest + size % 2), &mut std::io::sink())? < rest {
            return Err(damaged("a cut member"));
        }
    }
    match (control, data) {
        (Some(control), Some(data)) => Ok(Deb { control, data }),
        _ => Err(damaged("it lacks control.tar or data.tar")),
    }
}

/// A member's name and bytes; nothing at the end.
fn header(source: &mut impl Read) -> std::io::Result<Option<(String, u64)>> {
    let mut header = Vec::with_capacity(HEADER);
    source.take(HEADER as u64).read_to_end(&mut header)?;
    if header.is_empty() {
        return Ok(None);
    }
    let text = |range: std::ops::Range<usize>| header.get(range).map(String::from_utf8_lossy);
    let (Some(name), Some(size)) = (text(0..16), text(48..58)) else { return Err(damaged("a cut header")) };
    let size = size.trim().parse().map_err(|_| damaged("a member without size"))?;
    Ok(Some((name.trim().trim_end_matches('/').to_owned(), size)))
}

fn unpacked(suffix: &str, member: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match suffix {
        "" => member.read_to_end(&mut bytes)?,
        ".gz" => GzDecoder::new(member).read_to_end(&mut bytes)?,
        ".xz" => {
            let mut packed = Vec::new();
            member.read_to_end(&mut packed)?;
            unpack_xz(&packed, &mut bytes)?
        }
        other => return Err(damaged(&format!("compressed in an unknown way: {other}"))),
    };
    Ok(bytes)
}

/// By the decoder's plain functions: its readers are generic, so they would be compiled here, unoptimized.
fn unpack_xz(packed: &[u8], bytes: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut stream = XzStream::new(true);
    let mut block = vec![0; XZ_BLOCK];
    let mut read = 0;
    loop {
        let done = stream.process(&packed[read..], &mut block, Action::Finish)?;
        read += done.bytes_consumed;
        bytes.extend_from_slice(&block[..done.bytes_produced]);
        if done.status == Status::StreamEnd {
            return Ok(bytes.len());
        }
        if done.bytes_consumed + done.bytes_produced == 0 {
            return Err(damaged("a cut xz stream"));
        }
    }
}

fn stanza(archive: &[u8]) -> std::io::Result<String> {
    control_file(archive, "control")?.ok_or_else(|| damaged("it lacks its stanza"))
}

fn control_file(archive: &[u8], name: &str) -> std::io::Result<Option<String>> {
    for entry in Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.path()?.file_name().is_some_and(|found| found == name) {
            let mut text = Vec::new();
            entry.read_to_end(&mut text)?;
            return Ok(Some(String::from_utf8_lossy(&text).into_owned()));
        }
    }
    Ok(None)
}

fn damaged(why: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `hello xz`, by xz.
    const XZ: &[u8] = &[
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x16, 0x00,
        0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x08, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0x78, 0x7a, 0x0a,
        0x00, 0x00, 0x00, 0x00, 0xc1, 0x49, 0x3a, 0xfa, 0x63, 0x52, 0x14, 0x5a, 0x00, 0x01, 0x21, 0x09, 0x6c, 0x18,
        0xc5, 0xd5, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
    ];

    fn tar(name: &str, text: &str) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
        archive.into_inner().unwrap()
    }

    fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = MAGIC.to_vec();
        for (name, content) in members {
            archive
                .extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len()).bytes());
            archive.extend_from_slice(content);
            archive.resize(archive.len() + content.len() % 2, b'\n');
        }
        archive
    }

    #[test]
    fn a_package_is_its_stanza_and_its_files() {
        let (control, data) = (tar("./control", "Package: a\n"), tar("./usr/bin/a", "a"));
        let package = ar(&[("debian-binary", b"2.0"), ("control.tar", &control), ("data.tar/", &data)]);
        let deb = members(package.as_slice()).unwrap();
        assert_eq!((deb.control.as_str(), deb.data), ("Package: a\n", data));
    }

    #[test]
    fn the_script_is_read_without_the_files() {
        let control = [tar("./control", "Package: a\n"), tar("./postinst", "#!/bin/sh\nldconfig\n")];
        // A tar archive ends with two empty blocks.
        let control = [&control[0][..1024], &control[1]].concat();
        let package = ar(&[("debian-binary", b"2.0"), ("control.tar", &control), ("data.tar.lz", b"")]);
        assert_eq!(script(&mut package.as_slice()).unwrap(), "#!/bin/sh\nldconfig\n");
        let without = ar(&[("debian-binary", b"2.0"), ("control.tar", &tar("./control", "Package: a\n"))]);
        assert_eq!(script(&mut without.as_slice()).unwrap(), "");
        assert!(script(&mut ar(&[("debian-binary", b"2.0")]).as_slice()).is_err());
    }

    #[test]
    fn xz_is_unpacked_and_a_cut_stream_is_noticed() {
        let mut bytes = Vec::new();
        unpack_xz(XZ, &mut bytes).unwrap();
        assert_eq!(bytes, b"hello xz\n");
        assert!((0..XZ.len()).all(|cut| unpack_xz(&XZ[..cut], &mut Vec::new()).is_err()));
    }

    #[test]
    fn other_files_are_refused() {
        let control = tar("./control", "Package: a\n");
        let whole = ar(&[("control.tar", &control), ("data.tar", &control)]);
        assert!((0..whole.len()).all(|cut| members(&whole[..cut]).is_err()));
        let unknown = ar(&[("control.tar", &control), ("data.tar.lz", &control)]);
        assert!(members(unknown.as_slice()).is_err());
    }

    proptest! {
        #[test]
        fn a_changed_package_is_read_or_refused(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            more in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let control = tar("./control", "Package: a\n");
            let mut package = ar(&[("debian-binary", b"2.0"), ("control.tar", &control), ("data.tar.xz", XZ)]);
            for (at, byte) in changes {
                let at = at.index(package.len());
                package[at] = byte;
            }
            package.extend(more);
            // What it holds is what was in the file, or came out of a few bytes of xz.
            let read = members(package.as_slice());
            prop_assert!(read.is_err() || read.is_ok_and(|deb| deb.data.len() + deb.control.len() < 1 << 20));
        }
    }
}
