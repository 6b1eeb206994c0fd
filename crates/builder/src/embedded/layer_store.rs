//! The layers written before, so that equal files are not packed again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use diagnostics::hexadecimal;
use image::{
    Compression, Content, Descriptor, EntryKind, ImageDigest, ImageSpec, Layer, LayerFiles, Layout, StoredLayer,
    verify_blobs, write_image, write_layer,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::write_atomically;

/// Grows when equal folders give other layers than before.
const FORM: u32 = 1;

/// A layer, and what its files amount to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SizedLayer {
    pub(crate) layer: Layer,
    /// Bytes of its files, as engines count the size of an image: an archive has headers besides.
    pub(crate) bytes: u64,
}

/// The layers written before, by what they were made of.
pub(crate) struct LayerStore {
    layout: Layout,
    file: PathBuf,
    known: BTreeMap<String, SizedLayer>,
    used: BTreeMap<String, SizedLayer>,
    compression: Compression,
    mtime: u64,
}

/// The layout in our own folder; one that something damaged is made anew.
pub(crate) fn sound_layout(folder: &Path) -> Result<Layout> {
    let is_sound =
        |layout: &Layout| layout.references().is_ok_and(|names| names.iter().all(|name| layout.image(name).is_ok()));
    match Layout::create(folder) {
        Ok(layout) if is_sound(&layout) => Ok(layout),
        _ => {
            process::remove_tree(folder).with_context(|| format!("removing {}", folder.display()))?;
            Ok(Layout::create(folder)?)
        }
    }
}

/// Layers by what they were made of, when they are as they were written: the first line is the digest of the
/// rest. Nothing else would notice a wrong `diff_id`.
fn read_intact(text: &str) -> Option<BTreeMap<String, SizedLayer>> {
    let (digest, text) = text.split_once('\n')?;
    let is_intact = hexadecimal(&Sha256::digest(text)) == digest;
    is_intact.then(|| serde_json::from_str(text).ok()).flatten()
}

impl LayerStore {
    /// Opens the store; layers whose blobs are not intact are forgotten.
    pub(crate) fn open(layout: Layout, file: PathBuf, compression: Compression, mtime: u64) -> Self {
        let mut known = std::fs::read_to_string(&file).ok().and_then(|text| read_intact(&text)).unwrap_or_default();
        let blobs: Vec<Descriptor> = known.values().map(|known| known.layer.descriptor()).collect();
        if let Err(bad) = verify_blobs(&layout, &blobs) {
            known.retain(|_, known| bad.iter().all(|blob| blob.file != layout.blob(&known.layer.digest)));
            bad.iter().for_each(|blob| drop(std::fs::remove_file(&blob.file)));
        }
        Self { layout, file, known, used: BTreeMap::new(), compression, mtime }
    }

    /// The layer that `key` stands for, when it is there.
    pub(crate) fn known(&mut self, key: &str) -> Option<SizedLayer> {
        let key = self.full(key);
        let layer = self.known.get(&key)?.clone();
        self.used.insert(key, layer.clone());
        Some(layer)
    }

    fn full(&self, key: &str) -> String {
        format!("{FORM} {:?} {} {key}", self.compression, self.mtime)
    }

    /// The layer that `key` stands for, made by `files` unless it is there.
    pub(crate) fn layer(&mut self, key: &str, files: impl FnOnce() -> Result<LayerFiles>) -> Result<SizedLayer> {
        if let Some(known) = self.known(key) {
            return Ok(known);
        }
        let files = files()?;
        let layer = write_layer(&self.layout, &files, self.compression, self.mtime)?;
        let layer = SizedLayer { layer, bytes: files.bytes() };
        self.used.insert(self.full(key), layer.clone());
        Ok(layer)
    }

    /// The layer with these files, known by their content.
    pub(crate) fn by_content(&mut self, files: LayerFiles) -> Result<SizedLayer> {
        let key = content_key(&files)?;
        self.layer(&key, || Ok(files))
    }

    /// Takes a layer of another image as it is.
    pub(crate) fn import(&self, layer: &StoredLayer) -> Result<Layer> {
        Ok(self.layout.import(layer)?)
    }

    /// Names the image, and forgets layers that are not in it.
    pub(crate) fn write(&self, spec: &ImageSpec, reference: &str) -> Result<ImageDigest> {
        let text = serde_json::to_string(&self.used)?;
        write_atomically(&self.file, format!("{}\n{text}", hexadecimal(&Sha256::digest(&text))).as_bytes())?;
        let digest = write_image(&self.layout, spec, reference)?;
        self.layout.sweep()?;
        Ok(digest)
    }
}

/// A digest over paths, modes and contents.
fn content_key(files: &LayerFiles) -> Result<String> {
    let mut hash = Sha256::new();
    for (path, entry) in files.iter() {
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path);
        hash.update(format!("{:o} {} {} ", entry.mode, entry.owner.uid, entry.owner.gid));
        match &entry.kind {
            EntryKind::Directory => hash.update("d"),
            EntryKind::Symlink { target } => hash.update(Sha256::digest(target)),
            EntryKind::File { content: Content::Bytes(bytes), .. } => hash.update(Sha256::digest(bytes)),
            EntryKind::File { content: Content::Path(path), .. } => {
                let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
                hash.update(Sha256::digest(&bytes));
            }
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}
