//! One layer as a stream: decompressed, compared with its digests, and every file shown to whoever asks.

use std::io::{self, Read};

use tar::Archive;

use super::decompress::Decompressed;
use super::digesting::Digesting;
use super::entry::{Extended, FileHead, Head, MemberKind, wrong};
use super::limits;
use super::section::Section;
use super::stored::StoredLayer;
use crate::digest::Digest;
use crate::error::ImageError;

/// Looks at a file's bytes, as many as it likes, and says what to remember of it. Called on several threads.
pub(crate) type Inspect<'a, T> = &'a (dyn Fn(FileHead<'_>, &mut dyn Read) -> io::Result<Option<T>> + Sync);

/// The entries of a layer in its order, each with what is remembered of it.
pub(crate) type Entries<T> = Vec<(Head, Option<T>)>;

/// Reads a layer from its first to its last byte.
///
/// # Errors
/// It is damaged, over a limit, or not what its digests say.
pub(crate) fn read<T>(layer: &StoredLayer, inspect: Inspect<'_, T>) -> Result<Entries<T>, ImageError> {
    let mut last = String::new();
    let stream = stream(&layer.data, &mut last, inspect);
    let (entries, diff_id, blob) = stream.map_err(|error| damaged(&layer.data, &last, error))?;
    let expected = layer.digest.as_ref().map(|digest| (digest, blob));
    for (expected, found) in expected.into_iter().chain([(&layer.diff_id, diff_id)]) {
        if *expected != found {
            return Err(ImageError::unexpected(&layer.data.name, expected.as_str(), found.as_str()));
        }
    }
    Ok(entries)
}

fn damaged(data: &Section, last: &str, error: io::Error) -> ImageError {
    if error.raw_os_error().is_some() {
        return ImageError::io("reading", &data.name)(error);
    }
    let place = if last.is_empty() { "before its first entry".to_owned() } else { format!("after {last:?}") };
    ImageError::unexpected(&data.name, "a layer that can be read to its end", format!("{error}, {place}"))
}

/// The entries, the digest of the archive and that of the blob.
fn stream<T>(data: &Section, last: &mut String, inspect: Inspect<'_, T>) -> io::Result<(Entries<T>, Digest, Digest)> {
    let blob = Digesting::new(data.reader(), u64::MAX);
    let mut archive = Archive::new(Digesting::new(Decompressed::new(blob)?, limits::UNPACKED));
    let entries = entries(&mut archive, last, inspect)?;
    let mut rest = archive.into_inner();
    // Digests are of all bytes, those behind the end of the archive, too.
    io::copy(&mut rest, &mut io::sink())?;
    let (diff_id, _, decompressed) = rest.finish();
    let mut blob = decompressed.into_inner().ok_or_else(|| wrong("damaged zstd data"))?;
    io::copy(&mut blob, &mut io::sink())?;
    Ok((entries, diff_id, blob.finish().0))
}

fn entries<T, R: Read>(archive: &mut Archive<R>, last: &mut String, inspect: Inspect<'_, T>) -> io::Result<Entries<T>> {
    let mut entries = Vec::new();
    let mut paths = 0;
    let mut extended = Extended::default();
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        if extended.take(&mut entry)? {
            continue;
        }
        let head = std::mem::take(&mut extended).head(entry.header())?;
        paths += head.path.len() as u64;
        if entries.len() >= limits::ENTRIES || paths > limits::PATHS {
            return Err(wrong("more entries than are read of a layer"));
        }
        last.clone_from(&head.path);
        let note = match head.kind {
            MemberKind::File(size) => {
                let modified = entry.header().mtime().unwrap_or_default();
                inspect(FileHead { path: &head.path, size, mode: head.mode, modified }, &mut entry)?
            }
            _ => None,
        };
        entries.push((head, note));
    }
    Ok(entries)
}
