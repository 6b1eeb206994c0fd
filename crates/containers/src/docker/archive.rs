//! Loading images from files.

use std::path::{Path, PathBuf};

use image::ImageSource;
use process::{EngineError, Interrupt, Invocation};

use crate::docker::client::Docker;
use crate::engine::Engine;

/// The name of an image whose archive gives it none; a Dockerfile cannot start from a bare id.
const NAME: &str = "backstage-xtask-base";

/// Loads the image and gives a reference that a Dockerfile can start from.
pub(crate) fn load(docker: &Docker, image: &ImageSource, scratch: &Path) -> Result<String, EngineError> {
    let file = match image {
        ImageSource::DockerArchive(file) => file.clone(),
        ImageSource::Folder { .. } | ImageSource::OciArchive(_) => converted(image, scratch)?,
        ImageSource::Reference(name) => return Ok(name.clone()),
    };
    let text = Invocation::new(&docker.program).arg("load").arg("--input").arg(&file).read()?;
    let loaded = text.lines().rev().find_map(loaded_image).ok_or_else(|| EngineError::Missing {
        what: format!("{} holds no image", file.display()),
        details: text.lines().map(str::to_owned).collect(),
        hint: "make it with `docker save IMAGE`".to_owned(),
    })?;
    let Some(digest) = loaded.strip_prefix("sha256:") else { return Ok(loaded) };
    let reference = format!("{NAME}:{}", digest.get(..12).unwrap_or(digest));
    docker.tag(&loaded, &reference)?;
    Ok(reference)
}

fn loaded_image(line: &str) -> Option<String> {
    ["Loaded image: ", "Loaded image ID: "].iter().find_map(|start| Some(line.strip_prefix(start)?.to_owned()))
}

/// `docker load` reads an OCI layout only where its image store is containerd's; skopeo converts for all.
fn converted(image: &ImageSource, scratch: &Path) -> Result<PathBuf, EngineError> {
    let skopeo = which::which("skopeo").map_err(|_| EngineError::Missing {
        what: format!("{image} is an OCI image, which takes skopeo to load"),
        details: Vec::new(),
        hint: "install skopeo (Debian: skopeo), or use a docker-archive".to_owned(),
    })?;
    let target = ImageSource::DockerArchive(scratch.join("base.tar"));
    Invocation::new(skopeo)
        .args(["--insecure-policy", "copy", "--quiet"])
        .args([image.to_string(), target.to_string()])
        .stream(None, &Interrupt::default(), |_| {})?;
    Ok(scratch.join("base.tar"))
}
