//! The layers of an image, unpacked to be run.

use std::path::{Path, PathBuf};

use super::layer;
use super::tree::Tree;
use crate::failure::EngineError;
use crate::guard;

/// Unpacks the blobs of an image's layers, the lowest first, into a folder that is made.
///
/// # Errors
/// A layer is damaged or reaches outside, or the disk refused.
pub fn unpack_layers(layers: &[PathBuf], folder: &Path) -> Result<(), EngineError> {
    guard::create(folder)?;
    let tree = Tree::at(folder);
    layers.iter().try_for_each(|blob| layer::apply(layer::open(blob)?, &tree))
}
