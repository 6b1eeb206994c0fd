//! A piece of a file, read by position: several threads may read one file at once.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Bytes `start..start + length` of a file.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    file: Arc<File>,
    /// What the bytes are called in messages.
    pub(super) name: Arc<Path>,
    pub(super) start: u64,
    pub(super) length: u64,
}

impl Section {
    /// A whole file.
    pub(super) fn whole(file: File, name: &Path) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), name: name.into(), start: 0, length })
    }

    /// A piece of it, with a name of its own.
    pub(super) fn part(&self, start: u64, length: u64, name: &str) -> Self {
        let start = start.min(self.length);
        let name = self.name.join(name).into();
        Self { file: Arc::clone(&self.file), name, start: self.start + start, length: length.min(self.length - start) }
    }

    /// Its bytes from the first to the last.
    pub(super) fn reader(&self) -> SectionReader<'_> {
        SectionReader { section: self, position: 0 }
    }
}

/// Reads a section; seeks without reading.
pub(super) struct SectionReader<'a> {
    section: &'a Section,
    position: u64,
}

impl Read for SectionReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.section.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = self.section.file.read_at(&mut buffer[..wanted], self.section.start + self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl io::Seek for SectionReader<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let position = match to {
            io::SeekFrom::Start(position) => Some(position),
            io::SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            io::SeekFrom::End(offset) => self.section.length.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
