//! Commands for an installed program.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::examples::Examples;

pub(super) const EXAMPLES: &[Examples] = &[
    ("completions", &[("backstage-xtask completions bash", "for /etc/bash_completion.d")]),
    (
        "man",
        &[
            ("backstage-xtask man share/man/man1", "write a page for each command"),
            ("backstage-xtask man", "print the first page"),
        ],
    ),
];

#[derive(Debug, Subcommand)]
pub(crate) enum ManualCommand {
    /// Print a completion script for a shell
    Completions(Completions),
    /// Write man pages
    Man(Man),
}

/// `completions`
#[derive(Debug, Clone, Args)]
pub(crate) struct Completions {
    /// Shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Clone, Args)]
pub(crate) struct Man {
    /// Folder to write to [default: print the first page]
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
