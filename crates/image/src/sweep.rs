//! Removing what no image of a layout needs.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::path::Path;

use crate::document::{DOCKER_MANIFEST, Descriptor, INDEX, Index, MANIFEST, Manifest};
use crate::error::ImageError;
use crate::layout::{BLOBS, Layout, UNFINISHED};

/// How deep an index may lie within an index.
const MAX_DEPTH: usize = 4;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Number of files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Layout {
    /// Removes the blobs that no manifest of the index leads to, and what an interrupted run left. Nobody
    /// may be writing to the layout: a blob whose image is not written yet would go, too.
    ///
    /// # Errors
    /// When a manifest cannot be read, so that nobody knows what it needs; then nothing is removed.
    pub fn sweep(&self) -> Result<Swept, ImageError> {
        let mut needed = BTreeSet::new();
        for manifest in self.index()?.manifests {
            self.reach(manifest, 0, &mut needed)?;
        }
        let mut swept = Swept::default();
        remove(&self.folder().join(BLOBS), |name| needed.contains(name), &mut swept)?;
        let is_unfinished = |name: &OsString| name.to_string_lossy().starts_with(UNFINISHED);
        remove(self.folder(), |name| !is_unfinished(name), &mut swept)?;
        Ok(swept)
    }

    /// Adds the names of the blobs that a manifest or an index leads to.
    fn reach(&self, blob: Descriptor, depth: usize, needed: &mut BTreeSet<OsString>) -> Result<(), ImageError> {
        let is = |types: &[&str]| types.contains(&blob.media_type.as_str());
        if depth < MAX_DEPTH && is(&[INDEX]) {
            let index: Index = self.read_blob(&blob)?;
            index.manifests.into_iter().try_for_each(|manifest| self.reach(manifest, depth + 1, needed))?;
        } else if blob.is_artifact() {
            let manifest: Manifest = self.read_blob(&blob)?;
            let blobs = manifest.layers.iter().chain([&manifest.config]);
            needed.extend(blobs.map(|blob| OsString::from(blob.digest.hex())));
        } else if is(&[MANIFEST, DOCKER_MANIFEST]) {
            let image = self.read_image(blob.clone())?;
            needed.extend(image.blobs().iter().map(|blob| OsString::from(blob.digest.hex())));
        } else {
            let expected = format!("a manifest with the media type {MANIFEST}");
            return Err(ImageError::unexpected(&self.blob(&blob.digest), expected, blob.media_type));
        }
        needed.insert(blob.digest.hex().into());
        Ok(())
    }
}

/// Removes the files of a folder that are not kept.
fn remove(folder: &Path, keeps: impl Fn(&OsString) -> bool, swept: &mut Swept) -> Result<(), ImageError> {
    let listed = folder.read_dir().and_then(Iterator::collect::<Result<Vec<DirEntry>, _>>);
    for entry in listed.map_err(ImageError::io("reading the folder", folder))? {
        let metadata = entry.metadata().map_err(ImageError::io("looking at", &entry.path()))?;
        if metadata.is_file() && !keeps(&entry.file_name()) {
            fs::remove_file(entry.path()).map_err(ImageError::io("removing", &entry.path()))?;
            swept.files += 1;
            swept.bytes += metadata.len();
        }
    }
    Ok(())
}
