//! The image of an archive that `docker save` wrote (Docker image specification 1.2).

use serde::Deserialize;

use super::limits;
use super::store::Store;
use super::stored::{StoredImage, StoredLayer};
use crate::digest::Digest;
use crate::document::ImageConfig;
use crate::error::ImageError;

/// Where the archive says what it holds.
pub(super) const MANIFEST: &str = "manifest.json";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

/// The only image there is.
pub(super) fn open(store: &Store) -> Result<StoredImage, ImageError> {
    let (mut saved, _): (Vec<Saved>, _) = store.document(MANIFEST)?;
    if saved.len() != 1 {
        let found = saved.len().to_string();
        return Err(ImageError::unexpected(&store.name().join(MANIFEST), "one image", found));
    }
    let saved = saved.remove(0);
    let (config, id): (ImageConfig, Digest) = store.document(&saved.config)?;
    let named = saved.config.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
    if named.len() == id.hex().len() && named != id.hex() {
        return Err(ImageError::unexpected(&store.name().join(&saved.config), format!("sha256:{named}"), id.as_str()));
    }
    let (layers, diff_ids) = (saved.layers.len(), config.rootfs.diff_ids.len());
    if layers != diff_ids || layers > limits::LAYERS {
        let expected = format!("as many layers as diff_ids, {diff_ids}, and at most {}", limits::LAYERS);
        return Err(ImageError::unexpected(&store.name().join(MANIFEST), expected, layers.to_string()));
    }
    let pairs = saved.layers.iter().zip(&config.rootfs.diff_ids);
    let layers = pairs.map(|(name, diff_id)| {
        // The digest of the archive itself says everything; the file's name need not be one.
        Ok(StoredLayer { digest: None, media_type: None, diff_id: diff_id.clone(), data: store.file(name)? })
    });
    Ok(StoredImage { layers: layers.collect::<Result<_, _>>()?, id, config })
}
