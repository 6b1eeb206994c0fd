//! Comparing blobs with their digests.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::sync::Mutex;
use std::{fmt, thread};

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::document::Descriptor;
use crate::error::ImageError;
use crate::layout::{Layout, blob_name};
use crate::open::open_in;

/// Bytes read at once.
const BUFFER: usize = 256 << 10;

/// A blob that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadBlob {
    /// Its file.
    pub file: PathBuf,
    /// The size or digest of its descriptor.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for BadBlob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: expected {}, found {}", self.file.display(), self.expected, self.found)
    }
}

/// Hashes blobs on all cores.
///
/// # Errors
/// Every blob that is missing, has another size, or other bytes; in the order of `blobs`.
pub fn verify_blobs(layout: &Layout, blobs: &[Descriptor]) -> Result<(), Vec<BadBlob>> {
    let mut waiting: Vec<_> = blobs.iter().enumerate().collect();
    // The largest are taken first, so that no thread begins one when the others are done.
    waiting.sort_by_key(|(_, blob)| blob.size);
    let (waiting, bad) = (Mutex::new(waiting), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, usize::from).min(blobs.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((number, blob)) = waiting.lock().ok().and_then(|mut waiting| waiting.pop()) {
                    let found = check(layout, blob).err();
                    bad.lock()
                        .iter_mut()
                        .for_each(|bad| bad.extend(found.iter().cloned().map(|found| (number, found))));
                }
            });
        }
    });
    let mut bad = bad.into_inner().unwrap_or_default();
    bad.sort_by_key(|(number, _)| *number);
    if bad.is_empty() { Ok(()) } else { Err(bad.into_iter().map(|(_, bad)| bad).collect()) }
}

/// Compares one blob with its descriptor.
pub(crate) fn check(layout: &Layout, blob: &Descriptor) -> Result<(), BadBlob> {
    let file = layout.blob(&blob.digest);
    let bad = |expected: String, found: String| BadBlob { file: file.clone(), expected, found };
    let size = || format!("{} bytes", blob.size);
    let opened = match open_in(layout.folder(), &blob_name(&blob.digest)) {
        Ok(opened) => opened,
        Err(ImageError::Unexpected { found, .. }) => return Err(bad(size(), found)),
        Err(error) => return Err(bad(size(), error.to_string())),
    };
    let length = opened.metadata().map_err(|error| bad(size(), error.to_string()))?.len();
    if length != blob.size {
        return Err(bad(size(), format!("{length} bytes")));
    }
    match digest(opened) {
        Ok(found) if found == blob.digest => Ok(()),
        Ok(found) => Err(bad(blob.digest.to_string(), found.to_string())),
        Err(error) => Err(bad(blob.digest.to_string(), error.to_string())),
    }
}

fn digest(mut file: File) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest::finish(hash)),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
