//! An image as files: the OCI image layout, and Docker's archive made into one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diagnostics::escaped;
use image::{DocumentedConfig, ImageSettings};
use process::{EngineError, fs};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::digest::{self, Hash};
use crate::kinds::Architecture;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// The annotation with an image's name in an index.
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// A blob by its hash.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Descriptor {
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

/// An index has manifests, a manifest has layers.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    config: Option<Descriptor>,
}

/// What of an image's configuration matters here.
#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default)]
    config: DocumentedConfig,
}

/// An image in a layout.
#[derive(Debug)]
pub(crate) struct Image {
    /// The manifest's digest: `sha256:…`.
    pub(crate) manifest: String,
    /// The layers, the lowest first.
    pub(crate) layers: Vec<Descriptor>,
    /// How it runs.
    pub(crate) settings: ImageSettings,
}

/// Reads the image of a layout that is for this machine and, where one is given, has this name. Layers are
/// verified when they are opened.
///
/// # Errors
/// The folder is no layout, a blob is damaged, or there is no image for this machine.
pub(crate) fn read(layout: &Path, reference: Option<&str>) -> Result<Image, EngineError> {
    if !layout.join("index.json").is_file() {
        return Err(broken(layout, "it has no index.json"));
    }
    let mut index: Document = document(&layout.join("index.json"))?;
    if let Some(reference) = reference {
        let name = |image: &Descriptor| image.annotations.get(REFERENCE).cloned();
        let names: Vec<_> = index.manifests.iter().filter_map(name).collect();
        index.manifests.retain(|image| name(image).as_deref() == Some(reference));
        if index.manifests.is_empty() {
            return Err(broken(layout, &format!("found the names {names:?}, expected {reference}")));
        }
    }
    let mut chosen = choose(layout, &index)?;
    let mut manifest: Document = document(&blob(layout, &chosen)?)?;
    // The image for several machines is an index of its own.
    if manifest.config.is_none() {
        chosen = choose(layout, &manifest)?;
        manifest = document(&blob(layout, &chosen)?)?;
    }
    let Some(config) = &manifest.config else { return Err(broken(layout, "its manifest names no configuration")) };
    let config: Config = document(&blob(layout, config)?)?;
    Ok(Image { manifest: chosen.digest, layers: manifest.layers, settings: config.config.into() })
}

fn choose(layout: &Path, index: &Document) -> Result<Descriptor, EngineError> {
    let own = Architecture::of_host()?.debian();
    let fits = |image: &&Descriptor| match &image.platform {
        Some(platform) => platform.os == "linux" && platform.architecture == own,
        None => true,
    };
    let chosen = index.manifests.iter().find(fits).cloned();
    chosen.ok_or_else(|| broken(layout, &format!("it has no image for linux/{own}")))
}

/// The file of a blob, once its hash is verified.
///
/// # Errors
/// It is missing or damaged.
pub(crate) fn blob(layout: &Path, descriptor: &Descriptor) -> Result<PathBuf, EngineError> {
    let hex = descriptor.digest.strip_prefix("sha256:").filter(|hex| digest::is_sha256(hex));
    let hex =
        hex.ok_or_else(|| broken(layout, &format!("found the digest {}, expected a SHA-256", descriptor.digest)))?;
    let file = layout.join("blobs/sha256").join(hex);
    if Hash::Sha256(hex.to_owned()).fits(&file) {
        return Ok(file);
    }
    Err(broken(layout, &format!("the blob {hex} is missing or damaged")))
}

fn document<T: DeserializeOwned>(file: &Path) -> Result<T, EngineError> {
    let bytes = std::fs::read(file).map_err(EngineError::io(format!("reading {}", file.display())))?;
    serde_json::from_slice(&bytes).map_err(|error| broken(file, &error.to_string()))
}

fn broken(place: &Path, found: &str) -> EngineError {
    EngineError::Missing {
        what: format!("{} is no image that can be read", place.display()),
        details: vec![escaped(found)],
        hint: "make it anew, or name another".to_owned(),
    }
}

/// `manifest.json` of an archive that `docker save` wrote.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

/// Makes the unpacked archive of `docker save` in `archive` a layout in `layout`. Newer archives are one.
///
/// # Errors
/// It is no such archive, or the disk refused.
pub(crate) fn from_docker(archive: &Path, layout: &Path) -> Result<(), EngineError> {
    let mut saved: Vec<Saved> = document(&archive.join("manifest.json"))?;
    if saved.len() != 1 {
        return Err(broken(archive, &format!("found {} images, expected one", saved.len())));
    }
    let saved = saved.remove(0);
    let blobs = layout.join("blobs/sha256");
    fs::create(&blobs)?;
    let config = adopt(archive, &saved.config, &blobs, CONFIG)?;
    let layers = saved.layers.iter().map(|layer| adopt(archive, layer, &blobs, LAYER));
    let layers = layers.collect::<Result<Vec<_>, _>>()?;
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
    let manifest = write(&blobs, manifest.to_string().as_bytes())?;
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    for (name, text) in [("index.json", index), ("oci-layout", json!({ "imageLayoutVersion": "1.0.0" }))] {
        let file = layout.join(name);
        std::fs::write(&file, text.to_string()).map_err(EngineError::io(format!("writing {}", file.display())))?;
    }
    Ok(())
}

/// Copies a file of the archive among the blobs: several layers may be one file.
fn adopt(archive: &Path, name: &str, blobs: &Path, kind: &str) -> Result<serde_json::Value, EngineError> {
    // Older versions of Docker write layers that they have twice as links.
    let file = archive.join(name).canonicalize();
    let inside = archive.canonicalize().and_then(|archive| Ok((file?, archive)));
    let (file, archive) = inside.map_err(EngineError::io(format!("reading {name} of an archive")))?;
    if !file.starts_with(&archive) {
        return Err(broken(&archive, &format!("{name} is outside of the archive")));
    }
    let hash = digest::sha256_of(&file)?;
    let size = std::fs::copy(&file, blobs.join(&hash)).map_err(EngineError::io(format!("copying {name}")))?;
    Ok(json!({ "mediaType": kind, "digest": format!("sha256:{hash}"), "size": size }))
}

fn write(blobs: &Path, bytes: &[u8]) -> Result<serde_json::Value, EngineError> {
    let hash = digest::sha256(bytes);
    std::fs::write(blobs.join(&hash), bytes).map_err(EngineError::io("writing a manifest"))?;
    Ok(json!({ "mediaType": MANIFEST, "digest": format!("sha256:{hash}"), "size": bytes.len() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `docker save` writes, unpacked, made a layout.
    fn layout() -> tempfile::TempDir {
        let scratch = tempfile::tempdir().unwrap();
        let archive = scratch.path().join("archive");
        std::fs::create_dir_all(archive.join("one")).unwrap();
        std::fs::write(archive.join("one/layer.tar"), "layer").unwrap();
        std::fs::write(archive.join("config.json"), r#"{"config": {"Env": ["NODE_VERSION=24.21.0"]}}"#).unwrap();
        let manifest = r#"[{"Config": "config.json", "RepoTags": null, "Layers": ["one/layer.tar"]}]"#;
        std::fs::write(archive.join("manifest.json"), manifest).unwrap();
        from_docker(&archive, &scratch.path().join("layout")).unwrap();
        scratch
    }

    #[test]
    fn an_archive_of_docker_is_read_as_a_layout() {
        let scratch = layout();
        let folder = scratch.path().join("layout");
        let image = read(&folder, None).unwrap();
        assert_eq!(image.settings.environment, ["NODE_VERSION=24.21.0"]);
        assert_eq!(std::fs::read(blob(&folder, &image.layers[0]).unwrap()).unwrap(), b"layer");
    }

    #[test]
    fn a_damaged_layer_is_noticed() {
        let scratch = layout();
        let folder = scratch.path().join("layout");
        let layer = &read(&folder, None).unwrap().layers[0];
        std::fs::write(blob(&folder, layer).unwrap(), "laier").unwrap();
        let error = blob(&folder, layer).unwrap_err().to_string();
        assert!(error.contains("is missing or damaged"), "{error}");
    }

    #[test]
    fn a_file_outside_of_the_archive_is_refused() {
        let scratch = layout();
        let archive = scratch.path().join("archive");
        let manifest = r#"[{"Config": "config.json", "Layers": ["../../../etc/hostname"]}]"#;
        std::fs::write(archive.join("manifest.json"), manifest).unwrap();
        assert!(from_docker(&archive, &scratch.path().join("other")).is_err());
    }

    #[test]
    fn a_folder_without_an_image_for_this_machine_says_so() {
        let scratch = tempfile::tempdir().unwrap();
        assert!(read(scratch.path(), None).unwrap_err().to_string().contains("no index.json"));
        let index = r#"{"manifests": [{"digest": "x", "platform": {"os": "linux", "architecture": "s390x"}}]}"#;
        std::fs::write(scratch.path().join("index.json"), index).unwrap();
        assert!(read(scratch.path(), None).unwrap_err().to_string().contains("no image for linux/"));
        std::fs::write(scratch.path().join("index.json"), r#"{"manifests": [{"digest": "sha256:../../x"}]}"#).unwrap();
        assert!(read(scratch.path(), None).unwrap_err().to_string().contains("expected a SHA-256"));
    }
}
