//! Archives in files, and the image layout as one: an uncompressed tar archive (OCI image specification,
//! image-layout.md; `oci-archive:` of skopeo, podman and buildah). It has Docker's `manifest.json`, too, as
//! what `docker save` writes since version 25; so `docker load` reads it with either image store.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::docker::{self, DockerArchive};
use crate::document::{Descriptor, Index, REFERENCE, json};
use crate::error::ImageError;
use crate::image::Image;
use crate::layer_files::{Content, Entry, EntryKind, LayerFiles, Owner};
use crate::layout::{BLOBS, INDEX_FILE, LAYOUT, LAYOUT_FILE, Layout, persist, unfinished};
use crate::tar_stream::TarStream;

/// Bytes made at once.
const PART: u64 = 1 << 20;

/// Writes the image with a name into an archive; a file that is there is replaced when it is complete.
/// The same image gives the same bytes. `tags` are its names in Docker: `name:tag`.
///
/// # Errors
/// When there is no such image, a blob cannot be read or has another size, or the file cannot be written.
pub fn export_oci_archive(layout: &Layout, reference: &str, tags: &[&str], file: &Path) -> Result<(), ImageError> {
    let image = layout.image(reference)?;
    let archive = DockerArchive { reference, tags, includes: &|_| true };
    let mut files = docker::files(layout, &image, &archive)?;
    add_blob(&mut files, layout, &image.manifest)?;
    files.add_bytes(LAYOUT_FILE, LAYOUT, 0o644, Owner::ROOT)?;
    let referrers = layout.referrers(&image.manifest.digest)?;
    for blob in referrers.iter().flat_map(|one| one.blobs.iter().chain([&one.manifest])) {
        add_blob(&mut files, layout, blob)?;
    }
    let about = referrers.into_iter().map(|one| one.manifest);
    let index = Index::new(std::iter::once(named(&image, reference)).chain(about).collect());
    files.add_bytes(INDEX_FILE, json(&index), 0o644, Owner::ROOT)?;
    into_file(file, |target| write_tar(&files, file, target))
}

/// The manifest's descriptor with this name.
fn named(image: &Image, reference: &str) -> Descriptor {
    let mut manifest = image.manifest.clone();
    manifest.annotations.insert(REFERENCE.to_owned(), reference.to_owned());
    manifest
}

/// Adds a blob of a layout to an archive.
pub(super) fn add_blob(files: &mut LayerFiles, layout: &Layout, blob: &Descriptor) -> Result<(), ImageError> {
    let kind = EntryKind::File { content: Content::Path(layout.blob(&blob.digest)), size: blob.size };
    files.add(format!("{BLOBS}/{}", blob.digest.hex()), Entry { kind, mode: 0o644, owner: Owner::ROOT })
}

/// Writes an uncompressed archive; `name` is for messages.
pub(super) fn write_tar(files: &LayerFiles, name: &Path, target: &mut dyn Write) -> Result<(), ImageError> {
    let stream = TarStream::new(files, 0);
    let starts = (0..stream.size.div_ceil(PART)).map(|number| number * PART);
    for start in starts {
        let part = stream.part(start..stream.size.min(start + PART))?;
        target.write_all(&part).map_err(ImageError::io("writing", name))?;
    }
    target.flush().map_err(ImageError::io("writing", name))
}

/// Writes a file as a whole or not at all.
pub(crate) fn into_file(
    file: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    if file.is_dir() {
        return Err(ImageError::unexpected(file, "a file to write, or nothing yet", "a folder"));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut target = unfinished(folder)?;
    write(&mut BufWriter::new(target.as_file_mut()))?;
    persist(target, file)
}
