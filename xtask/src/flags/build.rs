//! Flags of the commands that make something.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use monorepo::Allowance;

use super::BootFlags;

/// `build-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BuildImage {
    /// Image name
    #[arg(long, short, default_value = "backstage:latest", value_name = "NAME")]
    pub(crate) tag: String,
    /// Base image or image file [default: node:<version>-trixie-slim]
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base: Option<String>,
    /// Warn if base-image.lock.json is older
    #[arg(long, value_name = "DAYS", default_value_t = builder::pins::MAX_AGE)]
    pub(crate) max_base_age: u64,
    /// CA certificates (PEM) [default: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Node version of the root file systems, in place of the newest that the repository asks for.
    #[arg(skip)]
    pub(crate) node: Option<String>,
    /// Use this buildx builder
    #[arg(long, value_name = "NAME")]
    pub(crate) builder: Option<String>,
    /// Folder for the two archives [default: the backend's dist]
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: Option<PathBuf>,
    /// Build a commit instead of the working tree [default: HEAD]
    #[arg(long, value_name = "REVISION", num_args = 0..=1, default_missing_value = "HEAD")]
    pub(crate) from_git: Option<String>,
    /// Rebuild every step
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Print the plan as JSON, build nothing
    #[arg(long)]
    pub(crate) plan: bool,
    /// Ignore the findings listed in FILE (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Vec<PathBuf>,
    /// Don't fail on this problem (repeatable)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) allow: Vec<Allow>,
    /// Write an SBOM: *.spdx.json for SPDX, else CycloneDX (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) sbom: Vec<PathBuf>,
    /// Write SLSA v1 provenance (in-toto)
    #[arg(long, value_name = "FILE")]
    pub(crate) provenance: Option<PathBuf>,
    /// Write an HTML build report, even if the build fails
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    pub(crate) report: Option<PathBuf>,
    /// Write the build result as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) result: Option<PathBuf>,
    /// Build engine
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub(crate) engine: EngineChoice,
    /// Boot the image before naming it, as boot-image does
    #[arg(long)]
    pub(crate) boot: bool,
    #[command(flatten)]
    pub(crate) boot_flags: BootFlags,
    #[command(flatten)]
    pub(crate) outputs: OutputPlaces,
    #[command(flatten)]
    pub(crate) embedded: EmbeddedFlags,
}

/// What a build is stopped for, unless it is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allow {
    /// Base URLs in the production configuration that only this machine reaches.
    Localhost,
    /// With --boot: variables of the configuration that are not given and have no fallback.
    UnsetVariables,
    /// A frontend that is not bundled, whose dependencies are installed beside the backend's.
    UnbundledFrontend,
}

impl From<Allow> for Allowance {
    fn from(allow: Allow) -> Self {
        match allow {
            Allow::Localhost => Self::Localhost,
            Allow::UnsetVariables => Self::UnsetVariables,
            Allow::UnbundledFrontend => Self::UnbundledFrontend,
        }
    }
}

/// What runs the steps of a build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineChoice {
    /// Docker if it works, else embedded.
    #[default]
    Auto,
    /// Docker with BuildKit.
    Docker,
    /// Sandboxes on this machine, without a daemon.
    Embedded,
}

/// Where the image goes; any of these chooses the embedded engine, unless one is named. With Docker they take skopeo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Outputs")]
pub(crate) struct OutputPlaces {
    /// Write the image to oci:DIR, oci-archive:FILE or docker-archive:FILE (repeatable)
    #[arg(long, value_name = "WHERE")]
    pub(crate) output: Vec<String>,
    /// Load the image into Docker or Podman
    #[arg(long)]
    pub(crate) load: bool,
    /// Push the image with skopeo and print its digest
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) push: Option<String>,
    /// Attach SBOMs and provenance to the written or pushed image
    #[arg(long)]
    pub(crate) attest: bool,
}

/// What only the embedded engine can do; any of these chooses it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Embedded engine")]
pub(crate) struct EmbeddedFlags {
    /// Base image contents: minimal has no shell
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) runtime: Option<RuntimeKind>,
    /// Layer compression [default: gzip]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) compression: Option<CompressionMethod>,
    /// Debian mirror: a URL or sources.list line (repeatable)
    #[arg(long, value_name = "MIRROR")]
    pub(crate) mirror: Vec<String>,
    /// Don't prune this class of files, or `all` (repeatable)
    #[arg(long, value_name = "CLASS")]
    pub(crate) keep: Vec<String>,
    /// Skip the type check
    #[arg(long)]
    pub(crate) no_typecheck: bool,
    /// Print why each step ran
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print the largest packages and what was pruned
    #[arg(long)]
    pub(crate) explain_size: bool,
}

/// What an image of the embedded engine stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeKind {
    /// A C library, certificates and Node; no shell.
    Minimal,
    /// A small Debian.
    Slim,
}

/// How layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompressionMethod {
    /// Read by every engine.
    Gzip,
    /// Smaller and faster; not for Docker before 23. Only when built with the feature zstd.
    Zstd,
}

/// `render`
#[derive(Debug, Clone, Args)]
pub(crate) struct Render {
    #[command(flatten)]
    pub(crate) how: RenderFlags,
}

/// What to do with files that are made from the repository.
#[derive(Debug, Clone, Args)]
pub(crate) struct RenderFlags {
    /// Exit with 1 and print the difference if a file is out of date; write nothing
    #[arg(long)]
    pub(crate) check: bool,
    /// Print what would change; write nothing
    #[arg(long)]
    pub(crate) diff: bool,
    /// Overwrite files that were edited by hand
    #[arg(long, conflicts_with_all = ["check", "diff"])]
    pub(crate) force: bool,
}

/// `base-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BaseImage {
    /// Node version [default: the repository's, else 24]
    #[arg(long, value_name = "VERSION")]
    pub(crate) node: Option<String>,
    /// Image name [default: node:<version>-trixie-slim]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) tag: Option<String>,
    /// Lock the newest Debian packages and Node instead of making an image
    #[arg(long, conflicts_with = "tag")]
    pub(crate) update: bool,
    /// Lock file [default: the repository's base-image.lock.json]
    #[arg(long, value_name = "FILE", requires = "update")]
    pub(crate) lock: Option<PathBuf>,
    /// Also lock the digest of this base image (repeatable)
    #[arg(long, value_name = "IMAGE", requires = "update")]
    pub(crate) base: Vec<String>,
    /// Debian release [default: trixie]
    #[arg(long, value_name = "NAME", requires = "update")]
    pub(crate) release: Option<String>,
    /// CA certificates (PEM) [default: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE]
    #[arg(long, value_name = "FILE", requires = "update")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Debian mirror: a URL or sources.list line (repeatable)
    #[arg(long, value_name = "MIRROR")]
    pub(crate) mirror: Vec<String>,
}

/// `clean`
#[derive(Debug, Clone, Args)]
pub(crate) struct Clean {
    /// Remove the whole state folder, including shared caches
    #[arg(long)]
    pub(crate) state: bool,
    /// List what is there and its size; remove nothing
    #[arg(long, conflicts_with = "state")]
    pub(crate) report: bool,
}
