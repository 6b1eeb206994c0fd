//! The tar archive of a layer as a stream of which any part can be made alone. Every size is known
//! beforehand, hence every offset; so threads make the parts side by side.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::error::ImageError;
use crate::layer_files::{Content, Entry, EntryKind, LayerFiles};
use crate::tar::{END, Header, TarEntryKind, padding};

/// The archive of the entries, in their order.
pub(crate) struct TarStream<'a> {
    /// Each entry with the offset of its header.
    entries: Vec<(u64, Header<'a>, Option<&'a Content>)>,
    /// Bytes of the archive.
    pub(crate) size: u64,
}

impl<'a> TarStream<'a> {
    /// `mtime` is in seconds since 1970, the same for every entry.
    pub(crate) fn new(files: &'a LayerFiles, mtime: u64) -> Self {
        let mut size = 0;
        let mut entries = Vec::with_capacity(files.len());
        for (path, entry) in files.iter() {
            let (header, content) = header(path, entry, mtime);
            entries.push((size, header, content));
            size += header.len() + header.size + padding(header.size);
        }
        Self { entries, size: size + END }
    }

    /// Makes a part of the archive.
    pub(crate) fn part(&self, range: Range<u64>) -> Result<Vec<u8>, ImageError> {
        let length = usize::try_from(range.end - range.start).unwrap_or_default();
        let mut part = Part { range: range.clone(), bytes: Vec::with_capacity(length) };
        let first = self.entries.partition_point(|(offset, ..)| *offset <= range.start).saturating_sub(1);
        for (offset, header, content) in &self.entries[first..] {
            if *offset >= range.end {
                break;
            }
            let data = offset + header.len();
            if range.start < data {
                part.put(*offset, &header.bytes());
            }
            match content {
                Some(Content::Bytes(bytes)) => part.put(data, bytes),
                Some(Content::Path(path)) => part.file(data, path, header.size)?,
                None => {}
            }
            part.zeros(data + header.size + padding(header.size));
        }
        part.zeros(range.end);
        Ok(part.bytes)
    }
}

fn header<'a>(path: &'a [u8], entry: &'a Entry, mtime: u64) -> (Header<'a>, Option<&'a Content>) {
    let header = |kind, target, size| Header { kind, path, target, mode: entry.mode, owner: entry.owner, size, mtime };
    match &entry.kind {
        EntryKind::Directory => (header(TarEntryKind::Directory, b"", 0), None),
        EntryKind::Symlink { target } => (header(TarEntryKind::Symlink, target, 0), None),
        EntryKind::File { content, size } => (header(TarEntryKind::File, b"", *size), Some(content)),
    }
}

/// A part in the making.
struct Part {
    range: Range<u64>,
    bytes: Vec<u8>,
}

impl Part {
    /// The offset that comes next.
    fn position(&self) -> u64 {
        self.range.start + self.bytes.len() as u64
    }

    /// The piece of `size` bytes at `offset` that is to be put next, relative to its start.
    fn wanted(&self, offset: u64, size: u64) -> Option<Range<u64>> {
        let start = self.position().max(offset);
        let end = self.range.end.min(offset + size);
        (start < end).then(|| start - offset..end - offset)
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) {
        let Some(piece) = self.wanted(offset, bytes.len() as u64) else { return };
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        self.bytes.extend_from_slice(bytes.get(index(piece.start)..index(piece.end)).unwrap_or_default());
    }

    /// Zeros up to `end` or the end of the part.
    fn zeros(&mut self, end: u64) {
        let end = end.clamp(self.range.start, self.range.end) - self.range.start;
        let end = usize::try_from(end).unwrap_or_default();
        self.bytes.resize(end.max(self.bytes.len()), 0);
    }

    fn file(&mut self, offset: u64, path: &Path, size: u64) -> Result<(), ImageError> {
        let Some(piece) = self.wanted(offset, size) else { return Ok(()) };
        let refused = || ImageError::io("reading", path);
        let mut file = File::open(path).map_err(refused())?;
        let found = file.metadata().map_err(refused())?.len();
        if found != size {
            return Err(changed(path, size, found));
        }
        if piece.start > 0 {
            file.seek(SeekFrom::Start(piece.start)).map_err(refused())?;
        }
        let wanted = piece.end - piece.start;
        let read = file.take(wanted).read_to_end(&mut self.bytes).map_err(refused())? as u64;
        if read == wanted { Ok(()) } else { Err(changed(path, size, piece.start + read)) }
    }
}

fn changed(path: &Path, size: u64, found: u64) -> ImageError {
    let expected = format!("{size} bytes, as when it was listed");
    ImageError::unexpected(path, expected, format!("{found} bytes; it changed meanwhile"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer_files::Owner;

    fn some_files(folder: &Path) -> LayerFiles {
        std::fs::write(folder.join("host"), vec![7; 1500]).unwrap();
        let mut files = LayerFiles::new();
        files.add_folder(folder, "host", Owner::ROOT, |_| true).unwrap();
        files.add_bytes("a/empty", "", 0o644, Owner::ROOT).unwrap();
        files.add_bytes("a/block", vec![1; 512], 0o644, Owner::ROOT).unwrap();
        files.add_bytes("a/more", vec![2; 513], 0o644, Owner::ROOT).unwrap();
        files.add_symlink("z".repeat(300), "t".repeat(200), Owner::ROOT).unwrap();
        files
    }

    #[test]
    fn parts_of_any_size_join_into_one_archive() {
        let folder = tempfile::tempdir().unwrap();
        let files = some_files(folder.path());
        let stream = TarStream::new(&files, 0);
        let whole = stream.part(0..stream.size).unwrap();
        assert_eq!(whole.len() as u64, stream.size);
        for step in [1, 7, 511, 512, 513, 1000, 5000] {
            let starts = (0..stream.size).step_by(step);
            let parts = starts.map(|start| stream.part(start..stream.size.min(start + step as u64)).unwrap());
            assert!(parts.flatten().eq(whole.iter().copied()), "{step}");
        }
        let mut archive = tar::Archive::new(whole.as_slice());
        let sizes: Vec<_> = archive.entries().unwrap().map(|entry| entry.unwrap().size()).collect();
        assert_eq!(sizes, [0, 512, 0, 513, 0, 1500, 0]);
    }

    #[test]
    fn a_file_that_changed_is_named() {
        for size in [1499, 1501, 0] {
            let folder = tempfile::tempdir().unwrap();
            let files = some_files(folder.path());
            std::fs::write(folder.path().join("host"), vec![7; size]).unwrap();
            let stream = TarStream::new(&files, 0);
            let error = stream.part(0..stream.size).unwrap_err().to_string();
            let expected = format!("host\n  expected: 1500 bytes, as when it was listed\n  found: {size} bytes; it");
            assert!(error.contains(&expected), "{error}");
        }
    }
}
