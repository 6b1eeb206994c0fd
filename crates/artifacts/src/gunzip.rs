//! Decompression that counts, hashes and stops: the two ends of the stream below the tar reader.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};

use diagnostics::binary_size;

use crate::limits::Limits;
use crate::stop::Stop;

/// Hashes and counts what is read through it, and remembers an error of the operating system, which
/// the decoder above would pass on as if the archive were at fault.
pub(crate) struct Hashing<R> {
    source: R,
    hash: Sha256,
    bytes: u64,
    error: Option<String>,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, hash: Sha256::new(), bytes: 0, error: None }
    }

    /// The error of the operating system, if there was one.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Bytes read, and their SHA-256.
    pub(crate) fn finish(self) -> (u64, Vec<u8>) {
        (self.bytes, self.hash.finalize().to_vec())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.source.read(buffer) {
            Ok(count) => {
                self.hash.update(&buffer[..count]);
                self.bytes += count as u64;
                Ok(count)
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.error = Some(error.to_string());
                }
                Err(error)
            }
        }
    }
}

/// The compressed side of the stream.
pub(crate) type Compressed<R> = BufReader<Hashing<R>>;

/// The first bytes of every gzip member.
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Decompresses all members of a gzip file, within limits.
pub(crate) struct Gunzip<R> {
    state: State<R>,
    limits: Limits,
    unpacked: u64,
    members: usize,
    excess: Option<Stop>,
    trailing: bool,
}

enum State<R> {
    Member(Box<GzDecoder<Compressed<R>>>),
    Done(Compressed<R>),
    /// Only while a value is moved from one state to another.
    Moving,
}

impl<R: Read> Gunzip<R> {
    pub(crate) fn new(input: Compressed<R>, limits: Limits) -> Self {
        let state = State::Member(Box::new(GzDecoder::new(input)));
        Self { state, limits, unpacked: 0, members: 1, excess: None, trailing: false }
    }

    /// Bytes decompressed so far.
    pub(crate) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Whether bytes that are no gzip follow the last member.
    pub(crate) fn has_trailing_bytes(&self) -> bool {
        self.trailing
    }

    /// The compressed input, to read what is left of it.
    pub(crate) fn into_inner(self) -> Option<Compressed<R>> {
        match self.state {
            State::Member(decoder) => Some(decoder.into_inner()),
            State::Done(input) => Some(input),
            State::Moving => None,
        }
    }

    /// What an error from [`Read::read`] means.
    pub(crate) fn why(&self, error: &io::Error) -> Stop {
        let input = match &self.state {
            State::Member(decoder) => Some(decoder.get_ref()),
            State::Done(input) => Some(input),
            State::Moving => None,
        };
        if let Some(reason) = input.and_then(|input| input.get_ref().error()) {
            return Stop::Unreadable(reason.to_owned());
        }
        match (&self.excess, error.kind()) {
            (Some(excess), _) => excess.clone(),
            (None, io::ErrorKind::UnexpectedEof) => Stop::GzipTruncated,
            (None, _) => Stop::GzipCorrupt(error.to_string()),
        }
    }

    fn exceed(&mut self, limit: String, found: String) -> io::Error {
        self.excess = Some(Stop::over(None, limit, found));
        io::Error::other("over a limit")
    }

    /// At the end of a member: begins the next one, or ends the stream.
    fn next_member(&mut self) -> io::Result<()> {
        let State::Member(decoder) = std::mem::replace(&mut self.state, State::Moving) else { return Ok(()) };
        self.state = State::Done(decoder.into_inner());
        let State::Done(input) = &mut self.state else { return Ok(()) };
        let rest = input.fill_buf()?;
        // A buffer may end between the two magic bytes.
        if !rest.starts_with(&MAGIC) && rest != &MAGIC[..1] {
            self.trailing = !rest.is_empty();
            return Ok(());
        }
        self.members += 1;
        if self.members > self.limits.members {
            let found = format!("member number {}", self.members);
            return Err(self.exceed(format!("at most {} gzip members", self.limits.members), found));
        }
        if let State::Done(input) = std::mem::replace(&mut self.state, State::Moving) {
            self.state = State::Member(Box::new(GzDecoder::new(input)));
        }
        Ok(())
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let State::Member(decoder) = &mut self.state {
            let count = decoder.read(buffer)?;
            if count == 0 {
                self.next_member()?;
                continue;
            }
            self.unpacked += count as u64;
            if self.unpacked > self.limits.unpacked {
                let limit = format!("at most {} when unpacked", binary_size(self.limits.unpacked));
                return Err(self.exceed(limit, "more".to_owned()));
            }
            return Ok(count);
        }
        Ok(0)
    }
}
