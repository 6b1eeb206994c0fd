//! The mark of a finished root: it tells a whole one from one that somebody removed files from.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::EngineError;

/// What was there when the root was finished.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    digest: String,
    entries: u64,
}

/// Whether the folder has as many entries as when it was finished.
pub(super) fn is_whole(folder: &Path, marker: &Path, digest: &str) -> bool {
    let Ok(text) = std::fs::read(marker) else { return false };
    let Ok(marker) = serde_json::from_slice::<Marker>(&text) else { return false };
    marker.digest == digest && count(folder).is_ok_and(|entries| entries == marker.entries)
}

/// Marks the folder as finished.
///
/// # Errors
/// The disk refused.
pub(super) fn write(folder: &Path, marker: &Path, digest: &str) -> Result<(), EngineError> {
    let writing = || EngineError::io(format!("writing {}", marker.display()));
    let mark = Marker { digest: digest.to_owned(), entries: count(folder).map_err(writing())? };
    let text = serde_json::to_vec(&mark).map_err(|error| writing()(error.into()))?;
    std::fs::write(marker, text).map_err(writing())
}

fn count(folder: &Path) -> std::io::Result<u64> {
    let mut entries = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        entries += 1;
        if entry.file_type()?.is_dir() {
            entries += count(&entry.path())?;
        }
    }
    Ok(entries)
}
