//! The layers of an image, unpacked to be run.

use std::path::{Path, PathBuf};

use super::tree::Tree;
use super::{guard, layer};
use crate::failure::EngineError;

/// Unpacks the blobs of an image's layers, the lowest first, into a folder that is made.
///
/// # Errors
/// A layer is damaged or reaches outside, or the disk refused.
pub fn unpack_layers(layers: &[PathBuf], folder: &Path) -> Result<(), EngineError> {
    guard::create(folder)?;
    let tree = Tree::at(folder);
    layers.iter().try_for_each(|blob| layer::apply(layer::open(blob)?, &tree))
}
