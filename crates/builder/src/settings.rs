//! What a build is told, apart from the repository.

use std::path::PathBuf;
use std::time::Duration;

use diagnostics::Baseline;
use image::Compression;
use sandbox::{Gates, Reuse};

/// One build of an image.
#[derive(Debug, Clone, Default)]
pub struct BuildSettings {
    /// Name of the image.
    pub tag: String,
    /// The base image, when it is not the default.
    pub base: Option<String>,
    /// Certificates of a proxy's CA, in PEM form.
    pub ca_file: Option<PathBuf>,
    /// Where the archives go, when it is not the backend's `dist`.
    pub artifacts: Option<PathBuf>,
    /// Whether earlier results count.
    pub reuse: Reuse,
    /// Findings that do not stop the build.
    pub accepted: Baseline,
    /// What is written about the image.
    pub documents: DocumentSettings,
    /// Where the image goes besides.
    pub outputs: OutputSettings,
    /// How the image is run before it gets its name; `None` runs nothing.
    pub boot: Option<BootSettings>,
    /// What only the embedded engine can do.
    pub embedded: EmbeddedSettings,
}

/// Files about an image.
#[derive(Debug, Clone, Default)]
pub struct DocumentSettings {
    /// Lists of what it is made of, each in the form that its name asks for.
    pub sbom: Vec<PathBuf>,
    /// What it was built from.
    pub provenance: Option<PathBuf>,
}

/// Where an image goes once it has its name.
#[derive(Debug, Clone, Default)]
pub struct OutputSettings {
    /// `oci:DIR`, `oci-archive:FILE` or `docker-archive:FILE`.
    pub places: Vec<String>,
    /// Whether Docker or Podman loads it.
    pub load: bool,
    /// Where in a registry it is pushed.
    pub push: Option<String>,
    /// Whether documents about it are attached to it.
    pub attest: bool,
}

impl OutputSettings {
    /// What is asked for of Docker, which has what it builds.
    pub(crate) fn beside_docker(&self) -> Self {
        Self { load: false, ..self.clone() }
    }

    /// Whether the image goes anywhere but into the engine's own place.
    pub(crate) fn is_anywhere(&self) -> bool {
        self.load || self.push.is_some() || !self.places.is_empty()
    }
}

/// How an image is started, to see that it runs.
#[derive(Debug, Clone, Default)]
pub struct BootSettings {
    /// How long it may take until it is ready.
    pub timeout: Option<Duration>,
    /// Most bytes of memory that it may hold.
    pub memory: Option<u64>,
    /// A PostgreSQL, by its URL; else a temporary one.
    pub database_url: Option<String>,
    /// Variables: `NAME=VALUE`, or `NAME` for the value of this process.
    pub env: Vec<String>,
    /// A file with a variable on each line.
    pub env_file: Option<PathBuf>,
}

/// What only the embedded engine can do.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedSettings {
    /// Node version of the root file systems, when it is not the newest that the repository asks for.
    pub node: Option<String>,
    /// What the image stands on, when that is no image.
    pub runtime: Option<RuntimeKind>,
    /// How layers are compressed.
    pub compression: Option<Compression>,
    /// Debian mirrors.
    pub mirrors: Vec<String>,
    /// Classes of files that pruning leaves in the image.
    pub keep: Vec<String>,
    /// Whether types are checked.
    pub gates: Gates,
    /// Whether people read why each step ran.
    pub explain: bool,
}

/// What an image of the embedded engine stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeKind {
    /// A C library, certificates and Node; no shell.
    Minimal,
    /// A small Debian.
    Slim,
}
