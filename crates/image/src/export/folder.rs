//! The image layout in a folder of its own.

use std::fs;
use std::io;
use std::path::Path;

use crate::document::Descriptor;
use crate::error::ImageError;
use crate::image::Image;
use crate::layout::{LAYOUT_FILE, Layout, UNFINISHED, persist, unfinished};
use crate::verify_blobs::check;

/// Writes the image with a name into the layout of a folder; other images that are there stay. Blobs are hard
/// links where the file system allows it, so nobody may write into them.
///
/// # Errors
/// When there is no such image, a blob is not what it should be, or the folder holds something that is no
/// layout; then nothing is changed.
pub fn export_oci_folder(layout: &Layout, reference: &str, folder: &Path) -> Result<(), ImageError> {
    let image = layout.image(reference)?;
    if folder.join(LAYOUT_FILE).exists() {
        return copy(layout, &Layout::open(folder)?, &image, reference);
    }
    if let Some(found) = obstacle(folder)? {
        return Err(ImageError::unexpected(folder, "an OCI layout, an empty folder, or nothing yet", found));
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(ImageError::io("making the folder", parent))?;
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent);
    let unfinished = unfinished.map_err(ImageError::io("making a folder in", parent))?;
    let inner = unfinished.path().join("layout");
    copy(layout, &Layout::create(&inner)?, &image, reference)?;
    fs::rename(&inner, folder).map_err(ImageError::io("renaming a folder to", folder))
}

/// What is in the way of a new layout.
fn obstacle(folder: &Path) -> Result<Option<String>, ImageError> {
    match folder.read_dir() {
        Ok(mut entries) => match entries.next() {
            Some(Ok(entry)) => Ok(Some(format!("a folder that holds {}", entry.file_name().display()))),
            Some(Err(error)) => Err(ImageError::io("reading the folder", folder)(error)),
            None => Ok(None),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(Some("something else".to_owned())),
        Err(error) => Err(ImageError::io("reading the folder", folder)(error)),
    }
}

/// Copies the blobs of an image, and what documents there are about it, and then names it.
fn copy(from: &Layout, to: &Layout, image: &Image, reference: &str) -> Result<(), ImageError> {
    let referrers = from.referrers(&image.manifest.digest)?;
    let about = referrers.iter().flat_map(|one| one.blobs.iter().chain([&one.manifest]));
    about.chain(&image.blobs()).try_for_each(|blob| to.import_blob(from, blob))?;
    to.name(image.manifest.clone(), reference)?;
    to.list(referrers)
}

impl Layout {
    /// Takes a blob from another layout: a hard link where the file system allows it, else a copy. One
    /// that is here already and is what it should be stays.
    ///
    /// # Errors
    /// When it is not there, not what its descriptor says, or cannot be written.
    pub fn import_blob(&self, from: &Self, blob: &Descriptor) -> Result<(), ImageError> {
        let (source, target) = (from.blob(&blob.digest), self.blob(&blob.digest));
        if check(self, blob).is_ok() {
            return Ok(());
        }
        check(from, blob).map_err(|bad| ImageError::unexpected(&bad.file, bad.expected, bad.found))?;
        let folder = target.parent().unwrap_or(Path::new("."));
        let file = unfinished(folder)?;
        fs::remove_file(file.path()).map_err(ImageError::io("removing", file.path()))?;
        let linked = fs::hard_link(&source, file.path());
        let copied = linked.or_else(|_| fs::copy(&source, file.path()).map(drop));
        copied.map_err(ImageError::io("copying", &source))?;
        persist(file, &target)
    }
}
