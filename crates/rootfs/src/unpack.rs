//! The layers of an image, unpacked to be run.

use std::path::{Path, PathBuf};

use process::{EngineError, fs};

use crate::image_root::link_all;
use crate::tree::Tree;
use crate::{digest, layer};

/// Bytes from which a layer's archive is large: that of a C library and Node, and that of the dependencies.
const LARGE: u64 = 10 << 20;

/// Unpacks the blobs of an image's layers, the lowest first, into a folder that is made. What the lower layers
/// make, up to the last large one, stays in `kept` for the next time and is linked from there: its files are not
/// to be written to. `kept` holds one such tree; the caller sees to it that nobody else uses it meanwhile.
///
/// # Errors
/// A layer is damaged or reaches outside, or the disk refused.
pub fn unpack_layers(layers: &[PathBuf], kept: &Path, folder: &Path) -> Result<(), EngineError> {
    let is_large = |blob: &PathBuf| blob.metadata().is_ok_and(|blob| blob.len() >= LARGE);
    let lower = layers.iter().rposition(is_large).map_or(0, |last| last + 1);
    let (lower, upper) = layers.split_at(lower);
    fs::create(folder)?;
    let tree = Tree::at(folder);
    link_all(&kept_tree(lower, kept)?, &tree, Path::new(""))?;
    apply(upper, &tree)
}

/// The tree that these layers make; blobs have their hashes as names.
fn kept_tree(layers: &[PathBuf], kept: &Path) -> Result<PathBuf, EngineError> {
    let names: Vec<_> = layers.iter().filter_map(|blob| blob.file_name()).map(|name| name.to_string_lossy()).collect();
    let place = kept.join(digest::sha256(names.join(" ").as_bytes()));
    if !place.is_dir() {
        fs::empty(kept)?;
        let partial = kept.join("partial");
        fs::create(&partial)?;
        apply(layers, &Tree::at(&partial))?;
        fs::replace(&partial, &place)?;
    }
    Ok(place)
}

fn apply(layers: &[PathBuf], tree: &Tree) -> Result<(), EngineError> {
    layers.iter().try_for_each(|blob| layer::apply(layer::open(blob)?, tree))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layer of one file, and of one more that makes it large.
    fn blob(folder: &Path, name: &str, file: &str, text: &str, is_large: bool) -> PathBuf {
        let path = folder.join(name);
        let mut archive = tar::Builder::new(std::fs::File::create(&path).unwrap());
        let large = vec![0; if is_large { 10 << 20 } else { 0 }];
        for (file, bytes) in [(file, text.as_bytes()), ("large", &large)] {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(&mut header, file, bytes).unwrap();
        }
        archive.finish().unwrap();
        path
    }

    #[test]
    fn what_is_large_is_unpacked_once_and_never_written_to() {
        let scratch = tempfile::tempdir().unwrap();
        let (kept, large) = (scratch.path().join("kept"), blob(scratch.path(), "1", "a", "lower", true));
        for (name, text) in [("2", "upper"), ("3", "other")] {
            let small = blob(scratch.path(), name, "a", text, false);
            let folder = scratch.path().join(format!("root-{name}"));
            unpack_layers(&[large.clone(), small], &kept, &folder).unwrap();
            assert_eq!(std::fs::read_to_string(folder.join("a")).unwrap(), text);
        }
        let trees: Vec<_> = std::fs::read_dir(&kept).unwrap().flatten().map(|entry| entry.path()).collect();
        assert_eq!(trees.len(), 1);
        assert_eq!(std::fs::read_to_string(trees[0].join("a")).unwrap(), "lower");
        unpack_layers(&[large.clone(), large], &kept, &scratch.path().join("root-4")).unwrap();
        assert!(!trees[0].exists());
    }
}
