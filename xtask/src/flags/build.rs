//! Flags of the commands that make something.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use monorepo::Allowance;

use super::BootFlags;

/// `build-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BuildImage {
    /// Name of the image
    #[arg(long, short, default_value = "backstage:latest", value_name = "NAME")]
    pub(crate) tag: String,
    /// Base image, or oci-archive:FILE, docker-archive:FILE [default: node:<version>-trixie-slim]
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base: Option<String>,
    /// Warn when what base-image.lock.json holds is older
    #[arg(long, value_name = "DAYS", default_value_t = builder::pins::MAX_AGE)]
    pub(crate) max_base_age: u64,
    /// Certificates of a proxy's CA, in PEM form [default: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Node version of the root file systems, in place of the newest that the repository asks for.
    #[arg(skip)]
    pub(crate) node: Option<String>,
    /// A buildx builder other than the current one
    #[arg(long, value_name = "NAME")]
    pub(crate) builder: Option<String>,
    /// Where the two archives go [default: dist of the backend]
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: Option<PathBuf>,
    /// Build exactly a commit, whatever else is in the folder [default: HEAD]
    #[arg(long, value_name = "REVISION", num_args = 0..=1, default_missing_value = "HEAD")]
    pub(crate) from_git: Option<String>,
    /// Run every step anew
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Print the plan as JSON and stop
    #[arg(long)]
    pub(crate) plan: bool,
    /// Do not fail for the findings listed in this file, of archives or of images; may be given again
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Vec<PathBuf>,
    /// Build in spite of it; may be given again
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) allow: Vec<Allow>,
    /// List what the image is made of in this file: *.spdx.json as SPDX 2.3, else CycloneDX 1.6; may be given again
    #[arg(long, value_name = "FILE")]
    pub(crate) sbom: Vec<PathBuf>,
    /// Say in this file what the image was built from: SLSA provenance v1 as a statement of in-toto
    #[arg(long, value_name = "FILE")]
    pub(crate) provenance: Option<PathBuf>,
    /// Show in this file, as a page of HTML, what the build did: steps, sizes, findings; also when it fails
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    pub(crate) report: Option<PathBuf>,
    /// Write what came of the build into this file as JSON: the message `finished`
    #[arg(long, value_name = "FILE")]
    pub(crate) result: Option<PathBuf>,
    /// What runs the steps
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub(crate) engine: EngineChoice,
    /// Run the image, as boot-image does, before it gets its name
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
    /// Docker where one works, else embedded.
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
    /// Where the image goes: oci:DIR, oci-archive:FILE or docker-archive:FILE; may be given again
    /// [default: oci: in the state folder]
    #[arg(long, value_name = "WHERE")]
    pub(crate) output: Vec<String>,
    /// Load the image into Docker or Podman, too
    #[arg(long)]
    pub(crate) load: bool,
    /// Push the image to a registry by skopeo; its digest goes to standard output
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) push: Option<String>,
    /// Attach both SBOMs and the provenance to the image that goes to oci:, oci-archive: or a registry
    #[arg(long)]
    pub(crate) attest: bool,
}

/// What only the embedded engine can do; any of these chooses it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Embedded engine")]
pub(crate) struct EmbeddedFlags {
    /// Base of the image: libraries and Node alone, or a small Debian with a shell
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) runtime: Option<RuntimeKind>,
    /// How layers are compressed [default: gzip]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) compression: Option<CompressionMethod>,
    /// A Debian mirror, as a URL or a line of sources.list; may be given again
    #[arg(long, value_name = "MIRROR")]
    pub(crate) mirror: Vec<String>,
    /// Keep files of a class that pruning takes away, or all of them; may be given again
    #[arg(long, value_name = "CLASS")]
    pub(crate) keep: Vec<String>,
    /// Do not check types: an editor or CI does
    #[arg(long)]
    pub(crate) no_typecheck: bool,
    /// Say for every step that ran which inputs changed
    #[arg(long)]
    pub(crate) explain: bool,
    /// List the largest packages, and what pruning took
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
    /// Write nothing; exit with 1 and show the difference when a file is not up to date
    #[arg(long)]
    pub(crate) check: bool,
    /// Write nothing; show on standard output what would change
    #[arg(long)]
    pub(crate) diff: bool,
    /// Replace files that were edited by hand
    #[arg(long, conflicts_with_all = ["check", "diff"])]
    pub(crate) force: bool,
}

/// `base-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BaseImage {
    /// Version of Node [default: what the repository asks for, else 24]
    #[arg(long, value_name = "VERSION")]
    pub(crate) node: Option<String>,
    /// Name of the image [default: node:<version>-trixie-slim]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) tag: Option<String>,
    /// Make no image, but lock the newest Debian packages and Node for builds without an engine
    #[arg(long, conflicts_with = "tag")]
    pub(crate) update: bool,
    /// Where the lock goes [default: base-image.lock.json of the repository]
    #[arg(long, value_name = "FILE", requires = "update")]
    pub(crate) lock: Option<PathBuf>,
    /// An image that builds name with --base: its digest is locked, beside that of the default; may be given again
    #[arg(long, value_name = "IMAGE", requires = "update")]
    pub(crate) base: Vec<String>,
    /// Debian's release, that of the image which builds name with --base [default: trixie]
    #[arg(long, value_name = "NAME", requires = "update")]
    pub(crate) release: Option<String>,
    /// Certificates of a proxy's CA, in PEM form [default: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE]
    #[arg(long, value_name = "FILE", requires = "update")]
    pub(crate) ca_file: Option<PathBuf>,
    /// A Debian mirror, as a URL or a line of sources.list; may be given again
    #[arg(long, value_name = "MIRROR")]
    pub(crate) mirror: Vec<String>,
}

/// `clean`
#[derive(Debug, Clone, Args)]
pub(crate) struct Clean {
    /// Remove the whole state folder: every repository's, and the caches they share
    #[arg(long)]
    pub(crate) state: bool,
    /// Remove nothing; list what is there and how large it is
    #[arg(long, conflicts_with = "state")]
    pub(crate) report: bool,
}
