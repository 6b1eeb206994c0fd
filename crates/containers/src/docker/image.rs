//! `docker image inspect` as it is documented (Docker Engine API, `ImageInspect`).

use image::ContainerConfig;
use serde::Deserialize;

use crate::engine::LocalImage;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ImageInspect {
    id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    config: Option<ContainerConfig>,
    #[serde(rename = "RootFS", default)]
    root_fs: RootFileSystem,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RootFileSystem {
    layers: Option<Vec<String>>,
}

impl From<ImageInspect> for LocalImage {
    fn from(found: ImageInspect) -> Self {
        let config = found.config.unwrap_or_default();
        Self {
            id: found.id,
            names: found.repo_tags.unwrap_or_default(),
            size: found.size,
            layers: found.root_fs.layers.unwrap_or_default(),
            user: config.user,
            working_directory: config.working_dir,
            environment: config.env,
            command: config.cmd,
        }
    }
}
