//! An image layout in a folder (OCI image specification, image-layout.md). Its files are untrusted: they are
//! read within limits and compared with their digests.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

use crate::digest::Digest;
use crate::document::{Descriptor, Index, json};
use crate::error::ImageError;
use crate::read::Store;

/// How the name of an unfinished file begins.
pub(crate) const UNFINISHED: &str = ".unfinished-";
pub(crate) const LAYOUT_FILE: &str = "oci-layout";
pub(crate) const LAYOUT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
pub(crate) const INDEX_FILE: &str = "index.json";
pub(crate) const BLOBS: &str = "blobs/sha256";

/// A folder with images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    folder: PathBuf,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    image_layout_version: String,
}

impl Layout {
    /// Opens the layout in a folder, which is made where there is none yet.
    ///
    /// # Errors
    /// When the folder cannot be written, or has a layout of another version.
    pub fn create(folder: impl Into<PathBuf>) -> Result<Self, ImageError> {
        let layout = Self { folder: folder.into() };
        let blobs = layout.folder.join(BLOBS);
        fs::create_dir_all(&blobs).map_err(ImageError::io("making the folder", &blobs))?;
        if !layout.folder.join(LAYOUT_FILE).exists() {
            layout.write_index(&Index::new(Vec::new()))?;
            write_file(&layout.folder.join(LAYOUT_FILE), LAYOUT.as_bytes())?;
        }
        Self::open(layout.folder)
    }

    /// Opens the layout in a folder.
    ///
    /// # Errors
    /// When the folder has no layout, or one of another version.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, ImageError> {
        let layout = Self { folder: folder.into() };
        let (Version { image_layout_version: version }, _) = layout.store().document(LAYOUT_FILE)?;
        if version != "1.0.0" {
            let file = layout.folder.join(LAYOUT_FILE);
            return Err(ImageError::unexpected(&file, "imageLayoutVersion 1.0.0", format!("{version:?}")));
        }
        Ok(layout)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a blob, whether it is there or not.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.folder.join(blob_name(digest))
    }

    /// The names of its images, sorted.
    ///
    /// # Errors
    /// When its `index.json` cannot be read.
    pub fn references(&self) -> Result<Vec<String>, ImageError> {
        let index = self.index()?;
        let mut names: Vec<_> = index.manifests.iter().filter_map(Descriptor::reference).map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    pub(crate) fn index(&self) -> Result<Index, ImageError> {
        Ok(self.store().document(INDEX_FILE)?.0)
    }

    /// Replaces `index.json` as a whole.
    pub(crate) fn write_index(&self, index: &Index) -> Result<(), ImageError> {
        write_file(&self.folder.join(INDEX_FILE), &json(index))
    }

    /// A blob in the making.
    pub(crate) fn new_blob(&self) -> Result<NamedTempFile, ImageError> {
        unfinished(&self.folder.join(BLOBS))
    }

    /// Gives a finished blob its name.
    pub(crate) fn keep_blob(&self, blob: NamedTempFile, digest: &Digest) -> Result<(), ImageError> {
        persist(blob, &self.blob(digest))
    }

    /// Writes a small blob as a whole.
    pub(crate) fn write_blob(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, ImageError> {
        let digest = Digest::of(bytes);
        write_file(&self.blob(&digest), bytes)?;
        Ok(Descriptor::new(media_type, digest, bytes.len() as u64))
    }

    /// Reads a blob that is JSON, and compares it with its descriptor.
    pub(crate) fn read_blob<T: DeserializeOwned>(&self, descriptor: &Descriptor) -> Result<T, ImageError> {
        self.store().described(descriptor)
    }

    /// Its files, to be read.
    pub(crate) fn store(&self) -> Store {
        Store::Folder(self.folder.clone())
    }
}

/// A new file that vanishes unless it is persisted.
pub(crate) fn unfinished(folder: &Path) -> Result<NamedTempFile, ImageError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).permissions(Permissions::from_mode(0o644));
    builder.tempfile_in(folder).map_err(ImageError::io("making a file in", folder))
}

pub(crate) fn persist(file: NamedTempFile, path: &Path) -> Result<(), ImageError> {
    let renamed = file.persist(path).map_err(|failed| failed.error);
    renamed.map(drop).map_err(ImageError::io("renaming a file to", path))
}

/// Writes a file as a whole or not at all.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    let mut file = unfinished(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes).map_err(ImageError::io("writing", path))?;
    persist(file, path)
}

/// A blob's name in a layout.
pub(crate) fn blob_name(digest: &Digest) -> String {
    format!("{BLOBS}/{}", digest.hex())
}

pub(crate) fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ImageError> {
    let what = || std::any::type_name::<T>().rsplit("::").next().unwrap_or_default().to_lowercase();
    serde_json::from_slice(bytes)
        .map_err(|error| ImageError::unexpected(path, format!("an OCI {} as JSON", what()), error.to_string()))
}
