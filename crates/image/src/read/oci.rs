//! The image of an OCI layout (OCI image specification, image-layout.md).

use super::limits;
use super::store::Store;
use super::stored::{StoredImage, StoredLayer};
use crate::document::{DOCKER_MANIFEST, Descriptor, INDEX, ImageConfig, Index, MANIFEST, Manifest};
use crate::error::ImageError;
use crate::layout::{INDEX_FILE, blob_name};

/// What Docker calls an index.
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Indexes within indexes that are followed.
const DEPTH: usize = 3;

/// The image with a name, or the only one there is.
pub(super) fn open(store: &Store, reference: Option<&str>) -> Result<StoredImage, ImageError> {
    let (index, _): (Index, _) = store.document(INDEX_FILE)?;
    let mut manifest = choose(store, index, reference)?;
    for _ in 0..DEPTH {
        if ![INDEX, DOCKER_INDEX].contains(&manifest.media_type.as_str()) {
            break;
        }
        manifest = for_this_machine(store, store.described(&manifest)?)?;
    }
    if ![MANIFEST, DOCKER_MANIFEST].contains(&manifest.media_type.as_str()) {
        let expected = format!("an image with the media type {MANIFEST}");
        return Err(ImageError::unexpected(store.name(), expected, manifest.media_type));
    }
    image(store, &manifest)
}

fn image(store: &Store, manifest: &Descriptor) -> Result<StoredImage, ImageError> {
    let (manifest, config) = documents(store, manifest)?;
    let pairs = manifest.layers.into_iter().zip(&config.rootfs.diff_ids);
    let layers = pairs.map(|(layer, diff_id)| {
        let data = store.sized(&layer)?;
        let (digest, media_type) = (Some(layer.digest), Some(layer.media_type));
        Ok(StoredLayer { digest, media_type, diff_id: diff_id.clone(), data })
    });
    Ok(StoredImage { layers: layers.collect::<Result<_, _>>()?, id: manifest.config.digest, config })
}

/// The manifest and the configuration of an image, which agree about its layers.
pub(crate) fn documents(store: &Store, manifest: &Descriptor) -> Result<(Manifest, ImageConfig), ImageError> {
    let manifest: Manifest = store.described(manifest)?;
    let config: ImageConfig = store.described(&manifest.config)?;
    let (layers, diff_ids) = (manifest.layers.len(), config.rootfs.diff_ids.len());
    if layers != diff_ids || layers > limits::LAYERS {
        let expected = format!("as many diff_ids as the manifest has layers, {layers}, and at most {}", limits::LAYERS);
        let file = store.name().join(blob_name(&manifest.config.digest));
        return Err(ImageError::unexpected(&file, expected, diff_ids.to_string()));
    }
    Ok((manifest, config))
}

fn choose(store: &Store, index: Index, reference: Option<&str>) -> Result<Descriptor, ImageError> {
    let names: Vec<String> = index.manifests.iter().filter_map(Descriptor::reference).map(str::to_owned).collect();
    let mut fitting: Vec<Descriptor> = match reference {
        Some(name) => index.manifests.into_iter().filter(|manifest| manifest.reference() == Some(name)).collect(),
        None => index.manifests.into_iter().filter(|manifest| !manifest.is_artifact()).collect(),
    };
    let file = store.name().join(INDEX_FILE);
    match (fitting.len(), reference) {
        (1, _) => Ok(fitting.remove(0)),
        (0, Some(name)) => Err(ImageError::unexpected(&file, format!("an image named {name}"), listed(&names))),
        (0, None) => Err(ImageError::unexpected(&file, "an image", "none")),
        _ => {
            let one_image = Index::new(fitting);
            for_this_machine(store, one_image).map_err(|_| {
                ImageError::unexpected(&file, "one image, or the name of one, as in oci:DIR:NAME", listed(&names))
            })
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no names".to_owned() } else { names.join(", ") }
}

/// The one image for a machine such as this.
fn for_this_machine(store: &Store, index: Index) -> Result<Descriptor, ImageError> {
    let own = own_architecture();
    let field = |manifest: &Descriptor, name: &str| {
        let platform = manifest.other.get("platform")?;
        Some(platform.get(name)?.as_str()?.to_owned())
    };
    let fits = |manifest: &Descriptor| {
        field(manifest, "os").is_some_and(|os| os == "linux")
            && field(manifest, "architecture").is_some_and(|architecture| architecture == own)
    };
    let mut fitting: Vec<Descriptor> = index.manifests.into_iter().filter(fits).collect();
    if fitting.len() == 1 {
        return Ok(fitting.remove(0));
    }
    let expected = format!("one image for linux/{own}");
    Err(ImageError::unexpected(store.name(), expected, fitting.len().to_string()))
}

/// This machine's kind of processor by Go's names.
fn own_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
