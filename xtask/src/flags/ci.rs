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
    /// Write a workflow: check, build, verify, boot, compare, push
    Init(CiInit),
    /// Print what a cache of the state folder is to be named by: it changes with the dependencies
    Key,
    /// Print as Markdown how a build compares with an earlier one
    Compare(CiCompare),
}

/// `ci init`
#[derive(Debug, Clone, Args)]
pub(crate) struct CiInit {
    /// The service
    #[arg(value_enum, value_name = "SERVICE")]
    pub(crate) service: Service,
    /// Where the workflow goes, relative to the root [default: where the service looks for it]
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
    /// Result of the earlier build (`build-image --result`); one that is not there is no fault
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// Result of this build
    #[arg(value_name = "AFTER")]
    pub(crate) after: PathBuf,
}
