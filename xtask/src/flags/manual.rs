//! Commands for an installed program.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::examples::Examples;

pub(super) const EXAMPLES: &[Examples] = &[
    ("completions", &[("backstage-xtask completions bash", "for /etc/bash_completion.d, of the installed program")]),
    (
        "man",
        &[
            ("backstage-xtask man share/man/man1", "a page for each command"),
            ("backstage-xtask man", "the first page, on standard output"),
        ],
    ),
];

#[derive(Debug, Subcommand)]
pub(crate) enum ManualCommand {
    /// Print a completion script for a shell
    Completions(Completions),
    /// Write the manual: a page for each command
    Man(Man),
}

/// `completions`
#[derive(Debug, Clone, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Clone, Args)]
pub(crate) struct Man {
    /// Folder of the pages [default: the first page, on standard output]
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
