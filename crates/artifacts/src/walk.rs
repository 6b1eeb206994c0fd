//! The blocks of a tar stream.
//!
//! The crate `tar` parses the fields of a header. It does not walk the blocks, because it would read
//! long names into memory whatever their size and not look behind the last entry.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use sha2::{Digest, Sha256};
use tar::Header;

use diagnostics::binary_size;

use crate::entry::{Entry, EntryKind, kind, normal_path, text};
use crate::gunzip::{Compressed, Gunzip};
use crate::limits::Limits;
use crate::pax::{Extended, SPARSE};
use crate::reader::{Payload, Sink, Want};
use crate::stop::Stop;

const BLOCK: usize = 512;

/// A walk over the blocks of a tar stream.
pub(crate) struct Walk<R> {
    input: BufReader<Gunzip<R>>,
    limits: Limits,
    entries: usize,
    /// Length of all paths so far.
    paths: u64,
    trailing: bool,
    /// The last entry's name, to say where a stream ends.
    last: Option<String>,
}

impl<R: Read> Walk<R> {
    pub(crate) fn new(gunzip: Gunzip<R>, limits: Limits) -> Self {
        let input = BufReader::with_capacity(1 << 16, gunzip);
        Self { input, limits, entries: 0, paths: 0, trailing: false, last: None }
    }

    /// What follows the end of the archive and does not belong there.
    pub(crate) fn trailing(&self) -> Option<&'static str> {
        if self.input.get_ref().has_trailing_bytes() {
            Some("bytes after the gzip stream")
        } else if self.trailing {
            Some("data after the end of the tar stream")
        } else {
            None
        }
    }

    /// The compressed input, to read what is left of it.
    pub(crate) fn into_input(self) -> Option<Compressed<R>> {
        self.input.into_inner().into_inner()
    }

    /// Reads to the end and hands every entry to `sink`.
    pub(crate) fn run(&mut self, sink: &mut impl Sink) -> Result<(), Stop> {
        let mut extended = Extended::default();
        while let Some(header) = self.header()? {
            let size = header.entry_size().map_err(|_| self.corrupt("a size that is no number"))?;
            match header.as_bytes()[156] {
                b'L' | b'K' | b'x' | b'g' if header.as_ustar().is_none() && header.as_gnu().is_none() => {
                    return Err(self.corrupt("an extended header of a format that has none"));
                }
                b'L' => self.extend(size, |data| extended.long_path(data))?,
                b'K' => self.extend(size, |data| extended.long_link(data))?,
                b'x' => self.extend(size, |data| extended.own_records(&data))?,
                b'g' => {
                    let mut global = Extended::default();
                    self.extend(size, |data| global.add_records(&data))?;
                    if !global.is_empty() {
                        return Err(self.corrupt("one path or size for all its entries (a global extended header)"));
                    }
                }
                _ => self.entry(&header, size, std::mem::take(&mut extended), sink)?,
            }
        }
        if extended.is_empty() { Ok(()) } else { Err(self.truncated()) }
    }

    /// The next header, or `None` after the end of the archive was read and checked.
    fn header(&mut self) -> Result<Option<Header>, Stop> {
        let mut header = Header::new_old();
        self.fill(header.as_mut_bytes())?;
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            self.end()?;
            return Ok(None);
        }
        let stored = header.cksum().map_err(|_| self.corrupt("a header without a checksum"))?;
        let bytes = header.as_bytes();
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        // The checksum is taken as if its own eight bytes were spaces.
        if sum(&bytes[..148]) + 8 * u32::from(b' ') + sum(&bytes[156..]) != stored {
            return Err(self.corrupt("a header whose checksum is wrong"));
        }
        Ok(Some(header))
    }

    /// Two blocks of zeros end an archive; after them there may be more zeros, to fill a record.
    fn end(&mut self) -> Result<(), Stop> {
        let mut second = [0; BLOCK];
        self.fill(&mut second)?;
        self.trailing |= second.iter().any(|byte| *byte != 0);
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(());
            }
            let only_zeros = chunk.iter().all(|byte| *byte == 0);
            let length = chunk.len();
            self.trailing |= !only_zeros;
            self.input.consume(length);
        }
    }

    fn entry(&mut self, header: &Header, size: u64, extended: Extended, sink: &mut impl Sink) -> Result<(), Stop> {
        if extended.size.is_some_and(|other| other != size) {
            return Err(self.corrupt("two sizes for one entry"));
        }
        let entry = self.describe(header, size, extended)?;
        self.last = Some(entry.name.clone());
        let keeps_data = matches!(entry.kind, EntryKind::File | EntryKind::Special(_));
        if size > 0 && !keeps_data {
            return Err(self.corrupt("a folder or link with data"));
        }
        if size > self.limits.unpacked.saturating_sub(self.input.get_ref().unpacked()) {
            let limit = format!("at most {} when unpacked", binary_size(self.limits.unpacked));
            return Err(Stop::over(Some(&entry.name), limit, format!("a file of {}", binary_size(size))));
        }
        let want = if entry.kind == EntryKind::File { sink.wants(&entry) } else { Want::Nothing };
        let payload = self.payload(size, want)?;
        self.skip(size.next_multiple_of(BLOCK as u64) - size)?;
        sink.accept(entry, payload);
        Ok(())
    }

    fn describe(&mut self, header: &Header, size: u64, extended: Extended) -> Result<Entry, Stop> {
        let name = extended.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let link = extended.link.or_else(|| header.link_name_bytes().map(Cow::into_owned));
        let (name, link) = (text(&name), text(&link.unwrap_or_default()));
        self.entries += 1;
        self.paths += (name.len() + link.len()) as u64;
        let limits = &self.limits;
        if self.entries > limits.entries {
            return Err(Stop::over(Some(&name), format!("at most {} entries", limits.entries), "more"));
        }
        if self.paths > limits.paths {
            let limit = format!("paths of at most {} together", binary_size(limits.paths));
            return Err(Stop::over(Some(&name), limit, "more"));
        }
        if name.len().max(link.len()) as u64 > limits.path {
            let found = format!("one of {} bytes", name.len().max(link.len()));
            return Err(Stop::over(Some(&name), format!("paths of at most {} bytes", limits.path), found));
        }
        let mode = header.mode().map_err(|_| self.corrupt("a mode that is no number"))? & 0o7777;
        let kind = kind(header.as_bytes()[156], &name, size, link);
        if header.as_bytes()[156] == b'S' {
            return Err(self.corrupt(SPARSE));
        }
        Ok(Entry { path: normal_path(&name), name, kind, mode, size })
    }

    fn payload(&mut self, size: u64, want: Want) -> Result<Payload, Stop> {
        match want {
            Want::Bytes(most) if size <= most => {
                let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
                self.each(size, |chunk| bytes.extend_from_slice(chunk))?;
                Ok(Payload::Bytes(bytes))
            }
            Want::Digest => {
                let mut hash = Sha256::new();
                self.each(size, |chunk| hash.update(chunk))?;
                Ok(Payload::Digest(hash.finalize().to_vec()))
            }
            Want::Bytes(_) | Want::Nothing => {
                self.skip(size)?;
                Ok(if want == Want::Nothing { Payload::Nothing } else { Payload::TooLarge })
            }
        }
    }

    fn extend(&mut self, size: u64, add: impl FnOnce(Vec<u8>) -> Result<(), &'static str>) -> Result<(), Stop> {
        let data = self.extension(size)?;
        add(data).map_err(|reason| self.corrupt(reason))
    }

    /// The data of an entry that only describes the next one.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, Stop> {
        let most = self.limits.extension;
        if size > most {
            let limit = format!("extended headers of at most {}", binary_size(most));
            return Err(Stop::over(self.last.as_deref(), limit, format!("one of {}", binary_size(size))));
        }
        let mut data = Vec::new();
        self.each(size, |chunk| data.extend_from_slice(chunk))?;
        self.skip(size.next_multiple_of(BLOCK as u64) - size)?;
        Ok(data)
    }

    fn fill(&mut self, block: &mut [u8]) -> Result<(), Stop> {
        let mut filled = 0;
        self.each(block.len() as u64, |chunk| {
            block[filled..filled + chunk.len()].copy_from_slice(chunk);
            filled += chunk.len();
        })
    }

    fn skip(&mut self, count: u64) -> Result<(), Stop> {
        self.each(count, |_| ())
    }

    /// Hands on the next `count` bytes in chunks.
    fn each(&mut self, mut count: u64, mut take: impl FnMut(&[u8])) -> Result<(), Stop> {
        while count > 0 {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Err(self.truncated());
            }
            let length = chunk.len().min(usize::try_from(count).unwrap_or(usize::MAX));
            take(&chunk[..length]);
            self.input.consume(length);
            count -= length as u64;
        }
        Ok(())
    }

    fn chunk(&mut self) -> Result<&[u8], Stop> {
        loop {
            match self.input.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.input.get_ref().why(&error)),
            }
        }
        Ok(self.input.buffer())
    }

    fn truncated(&self) -> Stop {
        Stop::TarTruncated(self.position())
    }

    fn corrupt(&self, what: &str) -> Stop {
        Stop::TarCorrupt(format!("{what}, {}", self.position()))
    }

    fn position(&self) -> String {
        match &self.last {
            Some(name) => format!("after the entry {name}"),
            None => "before the first entry".to_owned(),
        }
    }
}
