//! How an image says that it runs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// How an image says that it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSettings {
    /// Environment as `NAME=value`.
    pub environment: Vec<String>,
    /// Working directory.
    pub folder: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The first port it says to listen on.
    pub port: Option<u16>,
}

/// The configuration of an image, by the names that its documents (OCI image specification, config.md) and
/// Docker's API share.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DocumentedConfig {
    env: Option<Vec<String>>,
    working_dir: Option<String>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    exposed_ports: Option<BTreeMap<String, Value>>,
}

impl From<DocumentedConfig> for ImageSettings {
    fn from(config: DocumentedConfig) -> Self {
        let ports = config.exposed_ports.unwrap_or_default();
        Self {
            environment: config.env.unwrap_or_default(),
            folder: config.working_dir.unwrap_or_default(),
            argv: config.entrypoint.into_iter().chain(config.cmd).flatten().collect(),
            port: ports.keys().find_map(|port| port.strip_suffix("/tcp")?.parse().ok()),
        }
    }
}
