//! Flags of `ci`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::RenderFlags;

/// `ci`
#[derive(Debug, Clone, Args)]
pub(crate) struct Ci {
    #[command(subcommand)]
    pub(crate) command: CiCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum CiCommand {
    /// Generate a workflow that checks, builds, boots, compares and pushes
    Init(CiInit),
    /// Print a cache key that changes with the dependencies
    Key,
    /// Compare two builds as Markdown
    Compare(CiCompare),
}

/// `ci init`
#[derive(Debug, Clone, Args)]
pub(crate) struct CiInit {
    /// CI service
    #[arg(value_enum, value_name = "SERVICE")]
    pub(crate) service: Service,
    /// Workflow file, relative to the root [default: the service's own]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<String>,
    #[command(flatten)]
    pub(crate) how: RenderFlags,
}

/// Who runs the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    /// GitHub Actions: .github/workflows/backstage-image.yml
    Github,
    /// GitLab CI/CD: .gitlab-ci.yml
    Gitlab,
    /// AWS CodeBuild: buildspec.yml
    Codebuild,
}

/// `ci compare`
#[derive(Debug, Clone, Args)]
pub(crate) struct CiCompare {
    /// Earlier result (`build-image --result`); may be missing
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// Result to compare
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
}
