//! Commands that need this tool's own source.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::EngineChoice;
use super::examples::Examples;

pub(super) const EXAMPLES: &[Examples] = &[
    (
        "demo",
        &[
            ("cargo xtask demo", "build it and run it until Ctrl-C"),
            ("cargo xtask demo --once --yes", "for CI: install what is missing, end when it answered"),
        ],
    ),
    (
        "vendor",
        &[
            ("cargo xtask vendor ../my-backstage", "put this tool into a monorepo"),
            ("cargo xtask vendor --upgrade ../my-backstage", "bring it to this version there"),
        ],
    ),
    (
        "test",
        &[
            ("cargo xtask test --fast", "without engines, in a minute"),
            ("cargo xtask test --require-all", "fail if a test cannot run here, as CI does"),
        ],
    ),
];

#[derive(Debug, Subcommand)]
pub(crate) enum MaintainerCommand {
    /// Build and run the small Backstage monorepo that comes with this tool
    Demo(Demo),
    /// Put this tool into a Backstage monorepo, or bring it to this version there
    Vendor(Vendor),
    /// Run every test that can run on this machine, and say which cannot
    Test(Test),
}

/// `demo`
#[derive(Debug, Clone, Args)]
pub(crate) struct Demo {
    /// Name of the image
    #[arg(long, short, default_value = "backstage-demo:latest", value_name = "NAME")]
    pub(crate) tag: String,
    /// What builds and runs it
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub(crate) engine: EngineChoice,
    /// Install what is missing from the distribution's packages, without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Node version of a build in sandboxes [default: the newest that fits]
    #[arg(long, value_name = "VERSION")]
    pub(crate) node: Option<String>,
    /// Stop once it answered
    #[arg(long)]
    pub(crate) once: bool,
    /// Build the image, and do not run it
    #[arg(long, conflicts_with = "once")]
    pub(crate) build_only: bool,
}

/// `vendor`
#[derive(Debug, Clone, Args)]
pub(crate) struct Vendor {
    /// The Backstage monorepo
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Bring a vendored copy to this version; your edits of its assets are merged
    #[arg(long)]
    pub(crate) upgrade: bool,
    /// Where an edit is in the way, take this version's file and keep yours beside it as FILE.yours
    #[arg(long, requires = "upgrade")]
    pub(crate) force: bool,
}

/// `test`
#[derive(Debug, Clone, Args)]
pub(crate) struct Test {
    /// Fail if a test or a suite is skipped
    #[arg(long)]
    pub(crate) require_all: bool,
    /// Only what needs no engine
    #[arg(long, conflicts_with = "require_all")]
    pub(crate) fast: bool,
}
