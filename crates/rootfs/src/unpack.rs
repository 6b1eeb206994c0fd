//! The layers of an image, unpacked to be run.

use std::path::Path;

use image::{NodeKind, StoredLayer};
use process::{EngineError, fs};
use serde_json::json;

use crate::digest;
use crate::lay::{Files, laid, lay};

/// Bytes from which a layer's blob is large: that of a C library and Node, and that of the dependencies.
const LARGE: u64 = 10 << 20;
/// Changes whenever the same layers are kept in another way.
const FORM: u32 = 2;
/// The kept tree's files.
const ROOT: &str = "root";
/// What of the kept tree no folder can hold.
const SPECIAL: &str = "special.json";

/// Unpacks an image's layers, the lowest first, into a folder that is made. What the lower layers make, up to the
/// last large one, stays in `kept` for the next time and is linked from there: its files are not to be written to.
/// `kept` holds one such tree; the caller sees to it that nobody else uses it meanwhile.
///
/// # Errors
/// A layer is damaged, or the disk refused.
pub fn unpack_layers(layers: &[StoredLayer], kept: &Path, folder: &Path) -> Result<(), EngineError> {
    let lower = layers.iter().rposition(|layer| layer.bytes() >= LARGE).map_or(0, |last| last + 1);
    let (lower, upper) = layers.split_at(lower);
    let below = kept_tree(lower, kept)?;
    fs::create(folder)?;
    lay(upper, below, folder).map(drop)
}

/// The tree that these layers make, with its files in `kept`.
fn kept_tree(layers: &[StoredLayer], kept: &Path) -> Result<Files, EngineError> {
    let names: Vec<_> = layers.iter().map(|layer| layer.diff_id.hex()).collect();
    let place = kept.join(digest::sha256(format!("{FORM} {}", names.join(" ")).as_bytes()));
    if !place.is_dir() {
        fs::empty(kept)?;
        let partial = kept.join("partial");
        fs::create(&partial.join(ROOT))?;
        let tree = lay(layers, Files::default(), &partial.join(ROOT))?;
        fs::write(&partial.join(SPECIAL), json!(specials(&tree)).to_string().as_bytes())?;
        fs::replace(&partial, &place)?;
    }
    let list = place.join(SPECIAL);
    let text = std::fs::read(&list).map_err(EngineError::io(format!("reading {}", list.display())))?;
    laid(&place.join(ROOT), serde_json::from_slice(&text).unwrap_or_default())
}

/// Devices and pipes, which are never made; a layer above may have another name of one.
fn specials(tree: &Files) -> Vec<&str> {
    tree.iter().filter(|(_, node)| node.kind == NodeKind::Special).map(|(path, _)| path).collect()
}
