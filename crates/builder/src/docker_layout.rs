//! A layout of an image that Docker has, by skopeo. Skopeo's own way into a layout would write the configuration
//! anew, without its health check and under another id; so it only takes the archive apart.

use std::path::Path;

use anyhow::{Context, Result};
use image::{Digest, Layout};
use process::{Interrupt, Invocation};
use serde::Deserialize;

/// What skopeo writes into a folder (Docker's image manifest, version 2, schema 2).
#[derive(Deserialize)]
struct Manifest {
    config: Blob,
    layers: Vec<Blob>,
}

#[derive(Deserialize)]
struct Blob {
    digest: String,
}

/// Takes an archive of `docker save` apart, into a folder of compressed blobs.
fn take_apart(skopeo: &Path, archive: &Path, folder: &Path) -> Invocation {
    let line = Invocation::new(skopeo).args(["copy", "--quiet", "--format", "v2s2", "--dest-compress"]);
    line.arg(format!("docker-archive:{}", archive.display())).arg(format!("dir:{}", folder.display()))
}

/// Makes a layout in `scratch` of the archive of one image, which has its name there.
pub(crate) fn make(skopeo: &Path, archive: &Path, tag: &str, scratch: &Path, interrupt: &Interrupt) -> Result<Layout> {
    let folder = scratch.join("blobs");
    take_apart(skopeo, archive, &folder).stream(None, interrupt, |_| {}).context("reading Docker's archive")?;
    let text = std::fs::read(folder.join("manifest.json")).context("reading what skopeo wrote")?;
    let manifest: Manifest = serde_json::from_slice(&text).context("reading what skopeo wrote")?;
    let layout = Layout::create(scratch.join("layout"))?;
    let adopt = |blob: Blob| -> Result<Digest> {
        let digest = Digest::try_from(blob.digest).map_err(anyhow::Error::msg)?;
        // The same layer may be there twice.
        if !layout.blob(&digest).exists() {
            std::fs::rename(folder.join(digest.hex()), layout.blob(&digest)).context("moving a blob into a layout")?;
        }
        Ok(digest)
    };
    let config = adopt(manifest.config)?;
    let layers = manifest.layers.into_iter().map(adopt).collect::<Result<Vec<_>>>()?;
    let image = layout.adopt(&config, &layers, tag)?;
    let bad = image::verify_blobs(&layout, &image.blobs()).err().unwrap_or_default();
    anyhow::ensure!(bad.is_empty(), "skopeo wrote blobs whose digests are others");
    Ok(layout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_is_taken_apart_without_a_change_of_its_configuration() {
        let line = take_apart(Path::new("skopeo"), Path::new("/s/docker.tar"), Path::new("/s/blobs"));
        let expected = "skopeo copy --quiet --format v2s2 --dest-compress docker-archive:/s/docker.tar dir:/s/blobs";
        assert_eq!(line.to_string(), expected);
    }
}
