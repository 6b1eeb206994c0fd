//! One archive file: whether it is there, and what reading it gave.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use diagnostics::{binary_size, hexadecimal};
use serde::Serialize;

use crate::content::{Collector, Content, ContentRequest};
use crate::limits::Limits;
use crate::reader;
use crate::stop::Stop;

/// One archive in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchiveSummary {
    /// Its file name.
    pub name: String,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Number of entries.
    pub entries: usize,
    /// Size of its files when unpacked.
    pub unpacked_bytes: u64,
}

/// An archive as far as it could be read.
pub(crate) struct Archive {
    /// Its file name.
    pub(crate) name: &'static str,
    /// Where it was looked for.
    pub(crate) path: PathBuf,
    pub(crate) state: State,
}

/// What became of opening it.
pub(crate) enum State {
    Missing,
    /// It was not read at all; why.
    Refused(Stop),
    Read(Box<Read>),
}

/// What reading it gave.
pub(crate) struct Read {
    pub(crate) bytes: u64,
    pub(crate) digest: Vec<u8>,
    pub(crate) content: Content,
    pub(crate) stop: Option<Stop>,
    pub(crate) trailing: Option<&'static str>,
}

impl Archive {
    /// Reads the archive `name` in `dist` and keeps what is `wanted`.
    pub(crate) fn read(dist: &Path, name: &'static str, wanted: &ContentRequest<'_>, limits: Limits) -> Self {
        let path = dist.join(name);
        let state = match open(&path, limits) {
            Ok(Some(file)) => {
                let mut collector = Collector::new(wanted, limits);
                let reading = reader::read(file, limits, &mut collector);
                let content = collector.finish();
                let reader::Reading { bytes, digest, stop, trailing } = reading;
                State::Read(Box::new(Read { bytes, digest, content, stop, trailing }))
            }
            Ok(None) => State::Missing,
            Err(stop) => State::Refused(stop),
        };
        Self { name, path, state }
    }

    /// Why it could not be read to its end, if so.
    pub(crate) fn stop(&self) -> Option<&Stop> {
        match &self.state {
            State::Missing => None,
            State::Refused(stop) => Some(stop),
            State::Read(read) => read.stop.as_ref(),
        }
    }

    /// What was read of it, perhaps not all.
    pub(crate) fn seen(&self) -> Option<&Content> {
        match &self.state {
            State::Read(read) => Some(&read.content),
            State::Missing | State::Refused(_) => None,
        }
    }

    /// All that it holds; `None` when it could not be read to its end, so that no check takes for
    /// missing what was only not reached.
    pub(crate) fn content(&self) -> Option<&Content> {
        match &self.state {
            State::Read(read) if read.stop.is_none() => Some(&read.content),
            _ => None,
        }
    }

    /// Its summary, when it was read.
    pub(crate) fn summary(&self) -> Option<ArchiveSummary> {
        let State::Read(read) = &self.state else { return None };
        Some(ArchiveSummary {
            name: self.name.to_owned(),
            bytes: read.bytes,
            sha256: hexadecimal(&read.digest),
            entries: read.content.entries.len(),
            unpacked_bytes: read.content.unpacked_bytes(),
        })
    }
}

/// Opens a file of a size that can be read; `None` when there is none. Looking first keeps a named
/// pipe from blocking.
fn open(path: &Path, limits: Limits) -> Result<Option<File>, Stop> {
    let failed = |error: std::io::Error| Stop::Unreadable(error.to_string());
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_file() {
        return Err(Stop::Unreadable("it is not a file".to_owned()));
    }
    if metadata.len() > limits.file {
        let limit = format!("a file of at most {}", binary_size(limits.file));
        return Err(Stop::over(None, limit, format!("one of {}", binary_size(metadata.len()))));
    }
    File::open(path).map(Some).map_err(failed)
}
