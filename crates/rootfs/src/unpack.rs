//! The layers of an image, unpacked to be run.

use std::path::{Path, PathBuf};

use image::{ImageTree, StoredLayer};
use process::{EngineError, fs};

use crate::digest;
use crate::lay::{laid, lay};

/// Bytes from which a layer's blob is large: that of a C library and Node, and that of the dependencies.
const LARGE: u64 = 10 << 20;

/// Unpacks an image's layers, the lowest first, into a folder that is made. What the lower layers make, up to the
/// last large one, stays in `kept` for the next time and is linked from there: its files are not to be written to.
/// `kept` holds one such tree; the caller sees to it that nobody else uses it meanwhile.
///
/// # Errors
/// A layer is damaged, or the disk refused.
pub fn unpack_layers(layers: &[StoredLayer], kept: &Path, folder: &Path) -> Result<(), EngineError> {
    let lower = layers.iter().rposition(|layer| layer.bytes() >= LARGE).map_or(0, |last| last + 1);
    let (lower, upper) = layers.split_at(lower);
    let below = laid(&kept_tree(lower, kept)?)?;
    fs::create(folder)?;
    lay(upper, below, folder)
}

/// The tree that these layers make.
fn kept_tree(layers: &[StoredLayer], kept: &Path) -> Result<PathBuf, EngineError> {
    let names: Vec<_> = layers.iter().map(|layer| layer.diff_id.hex()).collect();
    let place = kept.join(digest::sha256(names.join(" ").as_bytes()));
    if !place.is_dir() {
        fs::empty(kept)?;
        let partial = kept.join("partial");
        fs::create(&partial)?;
        lay(layers, ImageTree::default(), &partial)?;
        fs::replace(&partial, &place)?;
    }
    Ok(place)
}
