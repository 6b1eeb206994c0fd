//! Writing and reading an image: its configuration, its manifest, and its place in the index.

use std::collections::BTreeMap;

use serde_json::json as value;

use crate::compress::Compression;
use crate::digest::Digest;
use crate::document::{
    CONFIG, ContainerConfig, DOCKER_MANIFEST, Descriptor, Healthcheck, History, ImageConfig, MANIFEST, Manifest, Pairs,
    REFERENCE, RootFs, json,
};
use crate::error::ImageError;
use crate::layer::Layer;
use crate::layout::{INDEX_FILE, Layout};
use crate::read::documents;

/// All that an image is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageSpec {
    /// Kind of processor, by Go's names: `amd64`, `arm64`. The system is Linux.
    pub architecture: String,
    /// When it was made, as in RFC 3339; a constant, or the same files give another digest.
    pub created: String,
    /// User and group, such as `1000:1000`.
    pub user: String,
    /// Environment as `NAME=value`.
    pub env: Vec<String>,
    /// Working directory.
    pub working_dir: String,
    /// Program and arguments that `cmd` is appended to; mostly empty.
    pub entrypoint: Vec<String>,
    /// Program and arguments.
    pub cmd: Vec<String>,
    /// Ports, such as `7007/tcp`.
    pub exposed_ports: Vec<String>,
    /// How Docker asks whether it is well.
    pub healthcheck: Option<Healthcheck>,
    /// Labels of the configuration.
    pub labels: Pairs,
    /// Annotations of the manifest.
    pub annotations: Pairs,
    /// How each layer came about; empty, or as many that are no `empty_layer` as there are layers.
    pub history: Vec<History>,
    /// The layers, the lowest first. Their blobs are in the layout.
    pub layers: Vec<Layer>,
}

/// An image that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDigest {
    /// Digest of the manifest: what `name@sha256:…` means.
    pub manifest: Digest,
    /// Digest of the configuration: what Docker calls the image's id.
    pub config: Digest,
    /// Bytes of all blobs, as pushed and pulled.
    pub size: u64,
    /// Bytes of all layers' archives, when they are known.
    pub uncompressed_size: Option<u64>,
}

/// An image of a layout, read and found to be consistent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its manifest.
    pub manifest: Descriptor,
    /// Annotations of the manifest.
    pub annotations: Pairs,
    /// Its configuration, as a blob.
    pub config_blob: Descriptor,
    /// Its configuration.
    pub config: ImageConfig,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

impl Image {
    /// Its blobs: manifest, configuration, layers.
    pub fn blobs(&self) -> Vec<Descriptor> {
        let layers = self.layers.iter().map(descriptor);
        [self.manifest.clone(), self.config_blob.clone()].into_iter().chain(layers).collect()
    }
}

/// Writes the configuration and the manifest of an image, and names it in the layout's index. An image
/// that had the name loses it; the others keep theirs.
///
/// # Errors
/// When a layer's blob is not there or has another size, when the history does not fit the layers, or when
/// the layout cannot be written.
pub fn write_image(layout: &Layout, spec: &ImageSpec, reference: &str) -> Result<ImageDigest, ImageError> {
    check_layers(layout, spec)?;
    let config = layout.write_blob(CONFIG, &json(&configuration(spec)))?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST.to_owned()),
        artifact_type: None,
        config,
        layers: spec.layers.iter().map(descriptor).collect(),
        subject: None,
        annotations: spec.annotations.clone(),
    };
    let mut written = layout.write_blob(MANIFEST, &json(&manifest))?;
    let size = written.size + manifest.config.size + spec.layers.iter().map(|layer| layer.size).sum::<u64>();
    let digest = written.digest.clone();
    written.other.insert("platform".to_owned(), value!({"architecture": spec.architecture, "os": "linux"}));
    layout.name(written, reference)?;
    Ok(ImageDigest {
        manifest: digest,
        config: manifest.config.digest,
        size,
        uncompressed_size: spec.layers.iter().map(|layer| layer.uncompressed_size).sum(),
    })
}

impl Layout {
    /// Reads the image with a name: manifest and configuration are compared with their digests, the layers
    /// are not (see [`crate::verify_blobs`]).
    ///
    /// # Errors
    /// When there is no such image, or a document is missing, altered, or does not fit the others.
    pub fn image(&self, reference: &str) -> Result<Image, ImageError> {
        let file = self.folder().join(INDEX_FILE);
        let manifests = self.index()?.manifests;
        let named = manifests.into_iter().find(|manifest| manifest.reference() == Some(reference));
        let Some(descriptor) = named else {
            let found = self.references()?.join(", ");
            let found = if found.is_empty() { "no names" } else { &found };
            return Err(ImageError::unexpected(&file, format!("an image named {reference}"), found));
        };
        if ![MANIFEST, DOCKER_MANIFEST].contains(&descriptor.media_type.as_str()) {
            let expected = format!("{reference} with the media type {MANIFEST}");
            return Err(ImageError::unexpected(&file, expected, descriptor.media_type));
        }
        self.read_image(descriptor)
    }

    pub(crate) fn read_image(&self, descriptor: Descriptor) -> Result<Image, ImageError> {
        let (manifest, config) = documents(&self.store(), &descriptor)?;
        let pairs = manifest.layers.into_iter().zip(&config.rootfs.diff_ids);
        let layers = pairs.map(|(layer, diff_id)| Layer {
            digest: layer.digest,
            diff_id: diff_id.clone(),
            media_type: layer.media_type,
            size: layer.size,
            uncompressed_size: None,
        });
        let (layers, config_blob, annotations) = (layers.collect(), manifest.config, manifest.annotations);
        Ok(Image { manifest: descriptor, annotations, config_blob, config, layers })
    }

    /// Names an image of another program, whose configuration and gzip'd layers are blobs here already. Its
    /// configuration stays as it is, to the byte.
    ///
    /// # Errors
    /// When a blob is not there, the configuration does not fit the layers, or the layout cannot be written.
    pub fn adopt(&self, config: &Digest, layers: &[Digest], reference: &str) -> Result<Image, ImageError> {
        let blob = |media_type: &str, digest: &Digest| {
            let file = self.blob(digest);
            let size = file.metadata().map_err(ImageError::io("looking at", &file))?.len();
            Ok(Descriptor::new(media_type, digest.clone(), size))
        };
        let gzip = Compression::Gzip.media_type();
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: None,
            config: blob(CONFIG, config)?,
            layers: layers.iter().map(|digest| blob(gzip, digest)).collect::<Result<_, ImageError>>()?,
            subject: None,
            annotations: Pairs::new(),
        };
        let written = self.write_blob(MANIFEST, &json(&manifest))?;
        let image = self.read_image(written.clone())?;
        self.name(written, reference)?;
        Ok(image)
    }

    /// Gives a manifest a name in the index.
    pub(crate) fn name(&self, mut manifest: Descriptor, reference: &str) -> Result<(), ImageError> {
        manifest.annotations.insert(REFERENCE.to_owned(), reference.to_owned());
        let mut index = self.index()?;
        index.manifests.retain(|other| other.reference() != Some(reference));
        index.manifests.push(manifest);
        index.manifests.sort_by(|a, b| (a.reference(), &a.digest).cmp(&(b.reference(), &b.digest)));
        self.write_index(&index)
    }
}

impl Layer {
    /// Its blob.
    pub fn descriptor(&self) -> Descriptor {
        descriptor(self)
    }
}

pub(crate) fn descriptor(layer: &Layer) -> Descriptor {
    Descriptor::new(&layer.media_type, layer.digest.clone(), layer.size)
}

fn check_layers(layout: &Layout, spec: &ImageSpec) -> Result<(), ImageError> {
    for layer in &spec.layers {
        let file = layout.blob(&layer.digest);
        let expected = || format!("a layer of {} bytes", layer.size);
        match file.metadata() {
            Ok(found) if found.len() == layer.size => {}
            Ok(found) => return Err(ImageError::unexpected(&file, expected(), format!("{} bytes", found.len()))),
            Err(error) => return Err(ImageError::unexpected(&file, expected(), error.to_string())),
        }
    }
    let (layers, steps) = (spec.layers.len(), spec.history.iter().filter(|step| !step.empty_layer).count());
    if !spec.history.is_empty() && steps != layers {
        let reason = format!("a history of {steps} layers for an image of {layers}");
        return Err(ImageError::refused(reason, "give one entry for each layer, or none at all"));
    }
    Ok(())
}

pub(crate) fn configuration(spec: &ImageSpec) -> ImageConfig {
    let ports = spec.exposed_ports.iter().map(|port| (port.clone(), serde_json::Map::new()));
    ImageConfig {
        created: Some(spec.created.clone()),
        architecture: spec.architecture.clone(),
        os: "linux".to_owned(),
        config: ContainerConfig {
            user: spec.user.clone(),
            exposed_ports: ports.collect::<BTreeMap<_, _>>(),
            env: spec.env.clone(),
            entrypoint: spec.entrypoint.clone(),
            cmd: spec.cmd.clone(),
            working_dir: spec.working_dir.clone(),
            labels: spec.labels.clone(),
            healthcheck: spec.healthcheck.clone(),
        },
        rootfs: RootFs {
            kind: "layers".to_owned(),
            diff_ids: spec.layers.iter().map(|layer| layer.diff_id.clone()).collect(),
        },
        history: spec.history.clone(),
    }
}
