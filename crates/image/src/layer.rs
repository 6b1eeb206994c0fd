//! Writing a layer: tar, compression and both digests in one pass.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::compress::Compression;
use crate::digest::Digest;
use crate::error::ImageError;
use crate::export::into_file;
use crate::layer_files::LayerFiles;
use crate::layout::Layout;
use crate::part_cache::PartCache;
use crate::tar_stream::TarStream;

/// Bytes of the archive that are compressed together. A part of the format: it decides the digests.
const PART: u64 = 1 << 20;
/// No more threads than this: a thread has up to `2 * PART * (DEPTH + 1)` bytes in flight.
const MAX_THREADS: usize = 8;
/// Finished parts that a thread may be ahead.
const DEPTH: usize = 2;

/// A layer in a layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Digest of the blob, as compressed.
    pub digest: Digest,
    /// Digest of the tar archive (OCI image specification, config.md, "Layer DiffID").
    pub diff_id: Digest,
    /// How the blob is compressed.
    pub media_type: String,
    /// Bytes of the blob.
    pub size: u64,
    /// Bytes of the tar archive; unknown for a layer that another program made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncompressed_size: Option<u64>,
}

/// Writes a layer into a layout: the same files give the same bytes, whatever the number of cores.
/// `mtime` is that of every entry, in seconds since 1970. At most 64 MB are held in memory.
///
/// # Errors
/// When a file cannot be read or changed its size since it was listed, or the layout cannot be written.
pub fn write_layer(
    layout: &Layout,
    files: &LayerFiles,
    compression: Compression,
    mtime: u64,
) -> Result<Layer, ImageError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    write_layer_with(layout, files, compression, mtime, threads.min(MAX_THREADS))
}

/// A part of the archive, and the same compressed.
type Part = Result<(Vec<u8>, Vec<u8>), ImageError>;

fn write_layer_with(
    layout: &Layout,
    files: &LayerFiles,
    compression: Compression,
    mtime: u64,
    threads: usize,
) -> Result<Layer, ImageError> {
    let stream = &TarStream::new(files, mtime);
    let parts = stream.size.div_ceil(PART);
    let mut blob = layout.new_blob()?;
    let compress = |part: &[u8]| compression.compress(part);
    let hashes = in_parts(stream, threads, &compress, |workers| collect(workers, parts, blob.as_file_mut()));
    let (tar, compressed, size) = hashes.map_err(|failure| failure.named(blob.path()))?;
    let digest = Digest::finish(compressed);
    layout.keep_blob(blob, &digest)?;
    Ok(Layer {
        digest,
        diff_id: Digest::finish(tar),
        media_type: compression.media_type().to_owned(),
        size,
        uncompressed_size: Some(stream.size),
    })
}

/// Writes a gzip'd archive into a file: the bytes that a layer with these files and no times has. Parts that
/// the cache holds are not compressed again. A file that is there is replaced when the new one is complete.
///
/// # Errors
/// When a file cannot be read or changed its size since it was listed, or the archive cannot be written.
pub fn write_archive(target: &Path, files: &LayerFiles, cache: &PartCache) -> Result<(), ImageError> {
    let stream = &TarStream::new(files, 0);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let compress = |part: &[u8]| cache.compress(Compression::Gzip, part);
    into_file(target, |file| {
        let parts = stream.size.div_ceil(PART);
        let written = in_parts(stream, threads, &compress, |workers| {
            for (_, worker) in (0..parts).zip(workers.iter().cycle()) {
                let (_, compressed) = worker.recv().map_err(|_| Failure::Lost)?.map_err(Failure::Part)?;
                file.write_all(&compressed).map_err(Failure::Write)?;
            }
            file.flush().map_err(Failure::Write)
        });
        written.map_err(|failure| failure.named(target))
    })
}

type Compress<'a> = &'a (dyn Fn(&[u8]) -> Result<Vec<u8>, ImageError> + Sync);

/// Makes the parts of an archive on threads, which `collect` takes in turn.
fn in_parts<T>(
    stream: &TarStream<'_>,
    threads: usize,
    compress: Compress<'_>,
    collect: impl FnOnce(&[Receiver<Part>]) -> T,
) -> T {
    thread::scope(|scope| {
        let workers = (0..threads).map(|first| {
            let (sender, receiver) = sync_channel(DEPTH);
            scope.spawn(move || work(stream, compress, (first..).step_by(threads), &sender));
            receiver
        });
        collect(&workers.collect::<Vec<_>>())
    })
}

/// Makes the parts with these numbers, until there is no more or nobody wants them.
fn work(
    stream: &TarStream<'_>,
    compress: Compress<'_>,
    numbers: impl Iterator<Item = usize>,
    sender: &SyncSender<Part>,
) {
    let starts = numbers.map(|number| number as u64 * PART).take_while(|start| *start < stream.size);
    for start in starts {
        let part = stream.part(start..stream.size.min(start + PART));
        let part = part.and_then(|tar| compress(&tar).map(|blob| (tar, blob)));
        if sender.send(part).is_err() {
            return;
        }
    }
}

/// Why the parts did not become a blob.
enum Failure {
    Part(ImageError),
    Write(std::io::Error),
    /// A thread ended early.
    Lost,
}

impl Failure {
    fn named(self, blob: &std::path::Path) -> ImageError {
        match self {
            Self::Part(error) => error,
            Self::Write(error) => ImageError::io("writing", blob)(error),
            Self::Lost => ImageError::refused("a thread that compresses ended early", "report this as a defect"),
        }
    }
}

/// Takes the parts in order: hashes both forms and writes the compressed one.
fn collect(workers: &[Receiver<Part>], parts: u64, blob: &mut File) -> Result<(Sha256, Sha256, u64), Failure> {
    let (mut tar_hash, mut blob_hash, mut size) = (Sha256::new(), Sha256::new(), 0);
    for (_, worker) in (0..parts).zip(workers.iter().cycle()) {
        let (tar, compressed) = worker.recv().map_err(|_| Failure::Lost)?.map_err(Failure::Part)?;
        tar_hash.update(&tar);
        blob_hash.update(&compressed);
        blob.write_all(&compressed).map_err(Failure::Write)?;
        size += compressed.len() as u64;
    }
    Ok((tar_hash, blob_hash, size))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::Path;

    use super::*;
    use crate::layer_files::Owner;

    fn some_files(folder: &Path) -> LayerFiles {
        let noise = (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8);
        std::fs::write(folder.join("large"), noise.collect::<Vec<_>>()).unwrap();
        let mut files = LayerFiles::new();
        files.add_folder(folder, "app", Owner { uid: 1000, gid: 1000 }, |_| true).unwrap();
        for number in 0..500 {
            files.add_bytes(format!("app/{number}/text"), vec![b'a'; number * 11], 0o644, Owner::ROOT).unwrap();
        }
        files
    }

    fn layout(folder: &tempfile::TempDir) -> Layout {
        Layout::create(folder.path()).unwrap()
    }

    #[test]
    fn the_number_of_threads_makes_no_difference() {
        let (host, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (files, layout) = (some_files(host.path()), layout(&target));
        let layer = |threads| write_layer_with(&layout, &files, Compression::Gzip, 0, threads).unwrap();
        let one = layer(1);
        assert!([2, 3, 8].into_iter().all(|threads| layer(threads) == one));
        assert_ne!(write_layer(&layout, &files, Compression::Gzip, 1).unwrap(), one, "the time is an input");
        assert_eq!(std::fs::read_dir(target.path().join("blobs/sha256")).unwrap().count(), 2, "no unfinished file");
    }

    #[test]
    fn what_was_written_is_what_is_read() {
        let (host, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (files, layout) = (some_files(host.path()), layout(&target));
        let layer = write_layer(&layout, &files, Compression::Gzip, 0).unwrap();
        let blob = std::fs::read(layout.blob(&layer.digest)).unwrap();
        assert_eq!((Digest::of(&blob), blob.len() as u64), (layer.digest, layer.size));
        let mut tar = Vec::new();
        flate2::read::MultiGzDecoder::new(blob.as_slice()).read_to_end(&mut tar).unwrap();
        assert_eq!((Digest::of(&tar), Some(tar.len() as u64)), (layer.diff_id, layer.uncompressed_size));
        let mut archive = tar::Archive::new(tar.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let path = entry.path_bytes().into_owned();
            (path.strip_suffix(b"/").unwrap_or(&path).to_vec(), entry.header().mode().unwrap())
        });
        assert!(entries.eq(files.iter().map(|(path, entry)| (path.to_vec(), entry.mode))));
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let (host, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (files, layout) = (some_files(host.path()), layout(&target));
        std::fs::write(host.path().join("large"), "less").unwrap();
        let error = write_layer(&layout, &files, Compression::Gzip, 0).unwrap_err().to_string();
        assert!(error.contains("large\n  expected: 3000000 bytes"), "{error}");
        assert_eq!(std::fs::read_dir(target.path().join("blobs/sha256")).unwrap().count(), 0);
    }

    #[test]
    fn an_empty_layer_is_a_layer() {
        let target = tempfile::tempdir().unwrap();
        let layer = write_layer(&layout(&target), &LayerFiles::new(), Compression::Gzip, 0).unwrap();
        assert_eq!(layer.uncompressed_size, Some(1024));
    }
}
