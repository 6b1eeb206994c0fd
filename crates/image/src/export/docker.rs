//! The archive of `docker save` (Docker image specification 1.2, "Combined Image JSON + Filesystem Changeset
//! Format"), which every `docker load` reads, and `podman load`, too.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::archive::{add_blob, into_file, write_tar};
use crate::digest::Digest;
use crate::document::json;
use crate::error::ImageError;
use crate::image::{Image, descriptor};
use crate::layer::Layer;
use crate::layer_files::{LayerFiles, Owner};
use crate::layout::{BLOBS, Layout};

/// What goes into an archive for Docker.
pub struct DockerArchive<'a> {
    /// The image, by its name in the layout.
    pub reference: &'a str,
    /// The names it gets in Docker: `name:tag`. An image that has one loses it.
    pub tags: &'a [&'a str],
    /// Which layers' blobs to include. A layer that is left out is still listed: a daemon with the classic
    /// image store takes its own copy of it, when it has all layers below, too, and refuses the archive
    /// otherwise. The containerd image store needs every blob.
    pub includes: &'a dyn Fn(&Layer) -> bool,
}

/// The file `manifest.json`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    config: String,
    repo_tags: &'a [&'a str],
    layers: Vec<String>,
}

/// Writes the archive to a stream, such as the standard input of `docker load`.
///
/// # Errors
/// When there is no such image, a blob cannot be read or has another size, or the stream is closed.
pub fn write_docker_archive(
    layout: &Layout,
    archive: &DockerArchive<'_>,
    target: impl Write,
) -> Result<(), ImageError> {
    let files = files(layout, &layout.image(archive.reference)?, archive)?;
    write_tar(&files, Path::new("the archive for Docker"), &mut BufWriter::new(target))
}

/// Writes the archive into a file; one that is there is replaced when the new one is complete.
///
/// # Errors
/// As [`write_docker_archive`].
pub fn export_docker_archive(layout: &Layout, archive: &DockerArchive<'_>, file: &Path) -> Result<(), ImageError> {
    let files = files(layout, &layout.image(archive.reference)?, archive)?;
    into_file(file, |target| write_tar(&files, file, target))
}

pub(super) fn files(layout: &Layout, image: &Image, archive: &DockerArchive<'_>) -> Result<LayerFiles, ImageError> {
    let mut files = LayerFiles::new();
    let path = |digest: &Digest| format!("{BLOBS}/{}", digest.hex());
    add_blob(&mut files, layout, &image.config_blob)?;
    for layer in image.layers.iter().filter(|layer| (archive.includes)(layer)) {
        add_blob(&mut files, layout, &descriptor(layer))?;
    }
    let entry = Entry {
        config: path(&image.config_blob.digest),
        repo_tags: archive.tags,
        layers: image.layers.iter().map(|layer| path(&layer.digest)).collect(),
    };
    files.add_bytes("manifest.json", json(&[entry]), 0o644, Owner::ROOT)?;
    Ok(files)
}
