//! Flags of the commands that look at what was made.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `boot-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BootImage {
    /// Name of an image of Docker's, or oci:DIR, oci-archive:FILE, docker-archive:FILE
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    #[command(flatten)]
    pub(crate) boot: BootFlags,
}

/// How an image is started, to see that it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Boot")]
pub(crate) struct BootFlags {
    /// Seconds until it must be ready [default: 180]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Most memory it may hold, such as 512M or 2G [default: 1G]
    #[arg(long, value_name = "SIZE", value_parser = crate::size::parse)]
    pub(crate) memory: Option<u64>,
    /// A PostgreSQL, as postgresql://USER:PASSWORD@HOST:PORT/NAME [default: one that is thrown away]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// A variable for it; NAME alone takes this process's value; may be given again
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// A file with a variable on each line
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

/// What to do about findings, for every command that has some.
#[derive(Debug, Clone, Args)]
pub(crate) struct FindingFlags {
    /// The least grave findings to fail for
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub(crate) fail_on: FailOn,
    /// Do not fail for the findings listed in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// List all findings in this file, for --baseline, and do not fail for any
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
}

/// `verify-artifacts`
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArtifacts {
    /// Folder of the two archives [default: dist of the backend]
    #[arg(long, value_name = "DIR")]
    pub(crate) dist: Option<PathBuf>,
    /// Check the app in an image in place of the archives: a name in Docker or Podman, oci:DIR,
    /// oci-archive:FILE or docker-archive:FILE
    #[arg(long, value_name = "IMAGE", conflicts_with = "dist")]
    pub(crate) image: Option<String>,
    #[command(flatten)]
    pub(crate) findings: FindingFlags,
}

/// `verify-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyImage {
    /// A name in Docker or Podman, oci:DIR[:NAME], oci-archive:FILE or docker-archive:FILE
    pub(crate) image: String,
    /// Most bytes of the image's files, such as 350MB or 1.5GiB
    #[arg(long, value_name = "SIZE", value_parser = crate::size::parse)]
    pub(crate) max_size: Option<u64>,
    /// Say what changed against another image, and whether a rollback from it would work
    #[arg(long, value_name = "IMAGE")]
    pub(crate) against: Option<String>,
    #[command(flatten)]
    pub(crate) findings: FindingFlags,
    /// List what the image is made of in this file: *.spdx.json as SPDX 2.3, else CycloneDX 1.6; may be given again
    #[arg(long, value_name = "FILE")]
    pub(crate) sbom: Vec<PathBuf>,
}

/// `config`
#[derive(Debug, Clone, Args)]
pub(crate) struct Config {
    /// The configuration in this image, rather than the repository's: a name in Docker or Podman,
    /// oci:DIR[:NAME], oci-archive:FILE or docker-archive:FILE
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// Fail when a variable is not set here, nor in the image, and has no fallback
    #[arg(long)]
    pub(crate) require: bool,
}

/// `check`
#[derive(Debug, Clone, Args)]
pub(crate) struct Check {
    /// A Dockerfile, relative to the root; may be given again [default: those of flightcontrol.json and ours]
    #[arg(long, value_name = "FILE")]
    pub(crate) dockerfile: Vec<String>,
    /// Add to our service in flightcontrol.json what it lacks, before checking
    #[arg(long)]
    pub(crate) fix: bool,
    #[command(flatten)]
    pub(crate) findings: FindingFlags,
}

/// `doctor`
#[derive(Debug, Clone, Args)]
pub(crate) struct Doctor {
    /// Certificates of a proxy's CA, in PEM form [default: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// A Debian mirror, as a URL or a line of sources.list; may be given again
    #[arg(long, value_name = "MIRROR")]
    pub(crate) mirror: Vec<String>,
}

/// What to fail for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// What must not ship.
    #[default]
    Error,
    /// What is wasteful or risky, too.
    Warning,
    /// Everything there is to say.
    Note,
}

/// `explain`
#[derive(Debug, Clone, Args)]
pub(crate) struct Explain {
    /// Code of a finding, such as BX001 [default: list them all]
    pub(crate) code: Option<String>,
}
