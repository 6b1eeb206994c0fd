//! What steps do.

use serde::Serialize;

/// Programs of our own that run inside the builder, under `assets/scripts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Script {
    /// Every installed package must be in the lockfile.
    CheckLockfile,
    /// The archives must ask for what was installed.
    CheckSkeleton,
    /// The bundler writes the config schemas in another order each time.
    SortConfigSchema,
}

/// One thing a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Action {
    /// Runs a program; no shell is between.
    Run {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Working directory relative to the work tree; empty for its root.
        folder: String,
    },
    /// Runs a program of ours with Node.
    Script {
        /// Which.
        script: Script,
        /// Working directory relative to the work tree; empty for its root.
        folder: String,
    },
}
