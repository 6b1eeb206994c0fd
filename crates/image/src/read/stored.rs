//! An image that is there as files.

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use super::Memory;
use super::docker;
use super::layer::{self, Entries, Inspect};
use super::merge::merge;
use super::oci;
use super::section::Section;
use super::store::Store;
use super::tree::ImageTree;
use crate::digest::Digest;
use crate::document::ImageConfig;
use crate::error::ImageError;
use crate::layout::Layout;

/// An image whose documents were read and compared with their digests; its layers were not yet.
#[derive(Debug)]
pub struct StoredImage {
    /// Its configuration.
    pub config: ImageConfig,
    /// Digest of the configuration: what Docker calls the image's id.
    pub id: Digest,
    /// Its layers, the lowest first.
    pub layers: Vec<StoredLayer>,
}

/// A layer of it.
#[derive(Debug)]
pub struct StoredLayer {
    /// Digest of the blob, where it has one.
    pub(super) digest: Option<Digest>,
    /// Digest of the archive.
    pub diff_id: Digest,
    pub(super) data: Section,
}

impl StoredLayer {
    /// Bytes as they are stored.
    pub fn bytes(&self) -> u64 {
        self.data.length
    }
}

impl StoredImage {
    /// The image of a layout in a folder: the one with this name, else the only one.
    ///
    /// # Errors
    /// When there is no such image, or a document is missing, altered, or does not fit the others.
    pub fn in_folder(folder: &Path, reference: Option<&str>) -> Result<Self, ImageError> {
        oci::open(&Store::Folder(Layout::open(folder)?.folder().to_owned()), reference)
    }

    /// The image of an archive: a layout in one, or what `docker save` writes. `name` is for messages.
    ///
    /// # Errors
    /// As [`StoredImage::in_folder`], and when it is no archive, or one that is compressed.
    pub fn in_archive(file: File, name: &Path) -> Result<Self, ImageError> {
        let store = Store::archive(file, name)?;
        if store.has(docker::MANIFEST) { docker::open(&store) } else { oci::open(&store, None) }
    }

    /// Streams all layers once, on all cores, and shows every file to `inspect`.
    ///
    /// # Errors
    /// A layer is damaged, over a limit, or not what its digests say.
    pub(crate) fn read<T: Send>(&self, inspect: Inspect<'_, T>) -> Result<ImageTree<T>, ImageError> {
        let mut waiting: Vec<_> = self.layers.iter().enumerate().collect();
        // The largest are taken first, so that no thread begins one when the others are done.
        waiting.sort_by_key(|(_, layer)| layer.bytes());
        let threads = thread::available_parallelism().map_or(1, usize::from).min(waiting.len());
        let (waiting, read) = (Mutex::new(waiting), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((number, layer)) = waiting.lock().ok().and_then(|mut waiting| waiting.pop()) {
                        let entries = layer::read(layer, inspect);
                        if let Ok(mut read) = read.lock() {
                            read.push((number, entries));
                        }
                    }
                });
            }
        });
        let mut read = read.into_inner().unwrap_or_default();
        read.sort_by_key(|(number, _)| *number);
        let layers: Vec<Entries<T>> = read.into_iter().map(|(_, entries)| entries).collect::<Result<_, _>>()?;
        merge(layers)
            .ok_or_else(|| ImageError::unexpected(Path::new("layers"), "links that lead to files", "a maze of links"))
    }

    /// Streams all layers once, and keeps the bytes of the files that are `wanted` by path and size.
    ///
    /// # Errors
    /// A layer is damaged, over a limit, or not what its digests say.
    pub fn files(&self, wanted: &(dyn Fn(&str, u64) -> bool + Sync)) -> Result<ImageTree<Vec<u8>>, ImageError> {
        let memory = Memory::new();
        self.read(&|head, data| {
            if !wanted(head.path, head.size) {
                return Ok(None);
            }
            memory.take(head.size)?;
            let mut bytes = Vec::new();
            data.read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        })
    }
}
