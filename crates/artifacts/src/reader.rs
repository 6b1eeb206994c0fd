//! Streams a `.tar.gz` of untrusted bytes from its first to its last byte.

use std::io::{self, BufRead, BufReader, Read};

use crate::entry::Entry;
use crate::gunzip::{Gunzip, Hashing, MAGIC};
use crate::limits::Limits;
use crate::stop::Stop;
use crate::walk::Walk;

/// What the caller wants of a file's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Nothing,
    /// All of it, if it is not larger than this.
    Bytes(u64),
    Digest,
}

/// What of a file's data was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    Nothing,
    Bytes(Vec<u8>),
    /// Larger than wanted.
    TooLarge,
    Digest(Vec<u8>),
}

/// Takes the entries as they come.
pub(crate) trait Sink {
    /// Asked for every file before its data is read.
    fn wants(&self, entry: &Entry) -> Want;
    /// Called for every entry after its data was read.
    fn accept(&mut self, entry: Entry, payload: Payload);
}

/// How the reading went.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Size of the file.
    pub(crate) bytes: u64,
    /// SHA-256 of the file.
    pub(crate) digest: Vec<u8>,
    /// Why it ended early, if it did.
    pub(crate) stop: Option<Stop>,
    /// What follows the archive's end and does not belong there.
    pub(crate) trailing: Option<&'static str>,
}

/// Reads all of `source`.
pub(crate) fn read<R: Read>(source: R, limits: Limits, sink: &mut impl Sink) -> Reading {
    let mut input = BufReader::with_capacity(1 << 17, Hashing::new(source));
    let begin = begin(&mut input);
    let (stop, trailing, mut input) = match begin {
        Err(stop) => (Some(stop), None, Some(input)),
        Ok(()) => {
            let mut walk = Walk::new(Gunzip::new(input, limits), limits);
            let stop = walk.run(sink).err();
            (stop, walk.trailing(), walk.into_input())
        }
    };
    let rest = input.as_mut().map(|input| io::copy(input, &mut io::sink()));
    let stop = match rest {
        Some(Err(error)) => stop.or_else(|| Some(Stop::Unreadable(error.to_string()))),
        _ => stop,
    };
    let (bytes, digest) = input.map(|input| input.into_inner().finish()).unwrap_or_default();
    Reading { bytes, digest, stop, trailing }
}

/// Looks at the first bytes.
fn begin(input: &mut impl BufRead) -> Result<(), Stop> {
    let first = input.fill_buf().map_err(|error| Stop::Unreadable(error.to_string()))?;
    if first.is_empty() {
        return Err(Stop::Empty);
    }
    if first.starts_with(&MAGIC) { Ok(()) } else { Err(Stop::NotGzip(seems_to_be(first))) }
}

fn seems_to_be(first: &[u8]) -> String {
    let known: &[(&[u8], &str)] = &[
        (b"version https://git-lfs", "a Git LFS pointer"),
        (b"PK\x03\x04", "a zip file"),
        (b"\x28\xb5\x2f\xfd", "zstd data"),
        (b"\xfd7zXZ", "xz data"),
        (b"BZh", "bzip2 data"),
        (b"<", "HTML or XML"),
    ];
    match known.iter().find(|(start, _)| first.starts_with(start)) {
        Some((_, name)) => (*name).to_owned(),
        None if first.get(257..262) == Some(b"ustar") => "a tar file without compression".to_owned(),
        None => format!("a file that begins with \"{}\"", first[..first.len().min(8)].escape_ascii()),
    }
}
