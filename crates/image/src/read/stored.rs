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
use crate::document::{ImageConfig, json};
use crate::error::ImageError;
use crate::image::{ImageSpec, configuration};
use crate::layer::Layer;
use crate::layout::Layout;
use crate::open::open;
use crate::source::ImageSource;

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
    /// What its blob is said to be, where it is said.
    pub(super) media_type: Option<String>,
    /// Digest of the archive.
    pub diff_id: Digest,
    pub(super) data: Section,
}

/// How the entries of a layer are come by. Called on several threads.
pub(crate) type ReadLayer<'a, T> = &'a (dyn Fn(&StoredLayer) -> Result<Entries<T>, ImageError> + Sync);

impl StoredLayer {
    /// Bytes as they are stored.
    pub fn bytes(&self) -> u64 {
        self.data.length
    }
}

impl StoredImage {
    /// The image in files that a command line names; nothing when it names one in an engine or a registry.
    ///
    /// # Errors
    /// As [`StoredImage::in_folder`] and [`StoredImage::in_archive`].
    pub fn open(source: &ImageSource) -> Result<Option<Self>, ImageError> {
        match source {
            ImageSource::Folder { folder, name } => Self::in_folder(folder, name.as_deref()).map(Some),
            ImageSource::OciArchive(file) | ImageSource::DockerArchive(file) => {
                Self::in_archive(open(file)?, file).map(Some)
            }
            ImageSource::Reference(_) => Ok(None),
        }
    }

    /// The image of a layout in a folder: the one with this name, else the only one.
    ///
    /// # Errors
    /// When there is no such image, or a document is missing, altered, or does not fit the others.
    pub fn in_folder(folder: &Path, reference: Option<&str>) -> Result<Self, ImageError> {
        if !folder.exists() {
            return Err(ImageError::unexpected(folder, "a folder with an OCI image layout", "nothing"));
        }
        oci::open(&Layout::open(folder)?.store(), reference)
    }

    /// The image of an archive: a layout in one, or what `docker save` writes. `name` is for messages.
    ///
    /// # Errors
    /// As [`StoredImage::in_folder`], and when it is no archive, or one that is compressed.
    pub fn in_archive(file: File, name: &Path) -> Result<Self, ImageError> {
        let store = Store::archive(file, name)?;
        if store.has(docker::MANIFEST) { docker::open(&store) } else { oci::open(&store, None) }
    }

    /// An image of a layout before it is written there: its layers are in place, its documents are not yet.
    ///
    /// # Errors
    /// A layer's blob is not there.
    pub fn unnamed(layout: &Layout, spec: &ImageSpec) -> Result<Self, ImageError> {
        let store = layout.store();
        let config = configuration(spec);
        let layer = |layer: &Layer| {
            Ok(StoredLayer {
                digest: Some(layer.digest.clone()),
                media_type: Some(layer.media_type.clone()),
                diff_id: layer.diff_id.clone(),
                data: store.blob(&layer.digest)?,
            })
        };
        let layers = spec.layers.iter().map(layer).collect::<Result<_, _>>()?;
        Ok(Self { id: Digest::of(&json(&config)), config, layers })
    }

    /// Streams all layers once, on all cores, and shows every file to `inspect`.
    ///
    /// # Errors
    /// A layer is damaged, over a limit, or not what its digests say.
    pub(crate) fn read<T: Send>(&self, inspect: Inspect<'_, T>) -> Result<ImageTree<T>, ImageError> {
        self.read_by(&|layer| layer::read(layer, inspect))
    }

    /// Reads all layers on all cores, each by `read`, and lays them over one another.
    ///
    /// # Errors
    /// Those of `read`, and links that are a maze.
    pub(crate) fn read_by<T: Send>(&self, read_layer: ReadLayer<'_, T>) -> Result<ImageTree<T>, ImageError> {
        lay(&self.layers, ImageTree::default(), read_layer)
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

/// Streams layers once, on all cores, and lays them over what is `below`, the first one lowest. Every file is
/// shown to `inspect`, which reads as much of it as it likes and says what to remember of it.
///
/// # Errors
/// A layer is damaged, over a limit, or not what its digests say; or what `inspect` says.
pub fn read_layers<T: Send>(
    layers: &[StoredLayer],
    below: ImageTree<T>,
    inspect: Inspect<'_, T>,
) -> Result<ImageTree<T>, ImageError> {
    lay(layers, below, &|layer| layer::read(layer, inspect))
}

fn lay<T: Send>(
    layers: &[StoredLayer],
    below: ImageTree<T>,
    read_layer: ReadLayer<'_, T>,
) -> Result<ImageTree<T>, ImageError> {
    let mut waiting: Vec<_> = layers.iter().enumerate().collect();
    // The largest are taken first, so that no thread begins one when the others are done.
    waiting.sort_by_key(|(_, layer)| layer.bytes());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(waiting.len());
    let (waiting, read) = (Mutex::new(waiting), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((number, layer)) = waiting.lock().ok().and_then(|mut waiting| waiting.pop()) {
                    let entries = read_layer(layer);
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
    merge(below, layers)
        .ok_or_else(|| ImageError::unexpected(Path::new("layers"), "links that lead to files", "a maze of links"))
}
