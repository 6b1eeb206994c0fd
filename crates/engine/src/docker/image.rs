//! What the engine knows about an image it holds.

use serde::{Deserialize, Serialize};

/// The part of `docker image inspect` that we read (Docker Engine API, `ImageInspect`).
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "PascalCase"))]
pub struct LocalImage {
    /// The image's id, a digest.
    pub id: String,
    /// Size of all layers, uncompressed, in bytes.
    pub size: u64,
    /// How it runs.
    pub config: ImageConfig,
    /// Its layers.
    #[serde(rename(deserialize = "RootFS"))]
    pub root_fs: RootFileSystem,
}

/// How an image runs.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "PascalCase"), default)]
pub struct ImageConfig {
    /// User and group.
    pub user: String,
    /// Environment.
    pub env: Option<Vec<String>>,
    /// Command.
    pub cmd: Option<Vec<String>>,
    /// Working directory.
    pub working_dir: String,
}

/// The layers of an image.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "PascalCase"), default)]
pub struct RootFileSystem {
    /// Digests of the uncompressed layers.
    pub layers: Vec<String>,
}
