//! Flags of the commands that look at what was made.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `boot-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BootImage {
    /// Docker image name, oci:DIR[:NAME], oci-archive:FILE or docker-archive:FILE
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    #[command(flatten)]
    pub(crate) boot: BootFlags,
}

/// How an image is started, to see that it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Boot")]
pub(crate) struct BootFlags {
    /// Fail if not ready after this many seconds [default: 180]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Memory limit, such as 512M or 2G [default: 1G]
    #[arg(long, value_name = "SIZE", value_parser = crate::size::parse)]
    pub(crate) memory: Option<u64>,
    /// PostgreSQL connection URL [default: a temporary database]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Set a variable; NAME alone passes on its value (repeatable)
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Read variables from a file, one per line
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

/// What to do about findings, for every command that has some.
#[derive(Debug, Clone, Args)]
pub(crate) struct FindingFlags {
    /// Fail on findings of this severity or higher
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub(crate) fail_on: FailOn,
    /// Ignore the findings listed in FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write all findings to FILE for use with --baseline, and succeed
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
}

/// `verify-artifacts`
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArtifacts {
    /// Folder of the two archives [default: the backend's dist]
    #[arg(long, value_name = "DIR")]
    pub(crate) dist: Option<PathBuf>,
    /// Check the app in an image instead of the archives
    #[arg(long, value_name = "IMAGE", conflicts_with = "dist")]
    pub(crate) image: Option<String>,
    #[command(flatten)]
    pub(crate) findings: FindingFlags,
}

/// `verify-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyImage {
    /// Docker or Podman image name, oci:DIR[:NAME], oci-archive:FILE or docker-archive:FILE
    pub(crate) image: String,
    /// Fail if the image's files exceed SIZE, such as 350MB or 1.5GiB
    #[arg(long, value_name = "SIZE", value_parser = crate::size::parse)]
    pub(crate) max_size: Option<u64>,
    /// Compare with an older image; check that a rollback works
    #[arg(long, value_name = "IMAGE")]
    pub(crate) against: Option<String>,
    #[command(flatten)]
    pub(crate) findings: FindingFlags,
    /// Write an SBOM: *.spdx.json for SPDX, else CycloneDX (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) sbom: Vec<PathBuf>,
}

/// `config`
#[derive(Debug, Clone, Args)]
pub(crate) struct Config {
    /// Read the configuration from an image instead of the repository
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// Fail if a variable without a fallback is not set
    #[arg(long)]
    pub(crate) require: bool,
}

/// `check`
#[derive(Debug, Clone, Args)]
pub(crate) struct Check {
    /// Dockerfile to check (repeatable) [default: those in flightcontrol.json, and ours]
    #[arg(long, value_name = "FILE")]
    pub(crate) dockerfile: Vec<String>,
    /// Add missing settings to our service in flightcontrol.json
    #[arg(long)]
    pub(crate) fix: bool,
    #[command(flatten)]
    pub(crate) findings: FindingFlags,
}

/// `doctor`
#[derive(Debug, Clone, Args)]
pub(crate) struct Doctor {
    /// CA certificates (PEM) [default: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Debian mirror: a URL or sources.list line (repeatable)
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
    /// Finding code, such as BX001 [default: list all]
    pub(crate) code: Option<String>,
}
