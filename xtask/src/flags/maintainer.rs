//! Commands that need this tool's own source.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::EngineChoice;
use super::examples::Examples;

pub(super) const EXAMPLES: &[Examples] = &[
    (
        "demo",
        &[
            ("cargo xtask demo", "build the demo and run it until Ctrl-C"),
            ("cargo xtask demo --once --yes", "for CI: install missing packages; exit after the first answer"),
        ],
    ),
    (
        "vendor",
        &[
            ("cargo xtask vendor ../my-backstage", "add this tool to a monorepo"),
            ("cargo xtask vendor --upgrade ../my-backstage", "upgrade a vendored copy"),
        ],
    ),
    (
        "test",
        &[
            ("cargo xtask test --fast", "run the fast tests, in a minute"),
            ("cargo xtask test --require-all", "fail if a test cannot run here, as CI does"),
        ],
    ),
];

#[derive(Debug, Subcommand)]
pub(crate) enum MaintainerCommand {
    /// Build and run the bundled demo
    Demo(Demo),
    /// Add this tool to a Backstage monorepo, or upgrade it there
    Vendor(Vendor),
    /// Run the tests; list those that can't run on this machine
    Test(Test),
}

/// `demo`
#[derive(Debug, Clone, Args)]
pub(crate) struct Demo {
    /// Image name
    #[arg(long, short, default_value = "backstage-demo:latest", value_name = "NAME")]
    pub(crate) tag: String,
    /// Engine to build and run with
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub(crate) engine: EngineChoice,
    /// Install missing packages without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Node version for the embedded engine [default: newest that fits]
    #[arg(long, value_name = "VERSION")]
    pub(crate) node: Option<String>,
    /// Stop after the first successful answer
    #[arg(long)]
    pub(crate) once: bool,
    /// Build the image without running it
    #[arg(long, conflicts_with = "once")]
    pub(crate) build_only: bool,
}

/// `vendor`
#[derive(Debug, Clone, Args)]
pub(crate) struct Vendor {
    /// Backstage monorepo
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Upgrade a vendored copy; your edits of its assets are merged
    #[arg(long)]
    pub(crate) upgrade: bool,
    /// On conflicts take the new file, keep yours as FILE.yours
    #[arg(long, requires = "upgrade")]
    pub(crate) force: bool,
}

/// `test`
#[derive(Debug, Clone, Args)]
pub(crate) struct Test {
    /// Fail if a test or a suite is skipped
    #[arg(long)]
    pub(crate) require_all: bool,
    /// Run only tests that need no engine
    #[arg(long, conflicts_with = "require_all")]
    pub(crate) fast: bool,
}
