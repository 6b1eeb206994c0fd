//! The engine without a daemon: steps run in sandboxes over a builder root file system, and their work trees,
//! results and caches stay in a state folder, so that a step whose inputs did not change has nothing to do.

mod build;
mod files;
mod job;
mod preflight;
mod record;
mod run;
mod sandbox;
mod steps;
mod tree;

use std::path::PathBuf;

pub use build::Build;
pub use job::{Builder, EmbeddedJob, Reuse, TypeCheck};
pub use sandbox::{Bubblewrap, Mount, Network, Sandbox, SandboxedCommand};

use crate::failure::EngineError;

/// Finds bubblewrap and makes sure that it works here.
///
/// # Errors
/// It is missing, or the kernel refuses namespaces; the error says what to do.
pub fn find_sandbox() -> Result<Bubblewrap, EngineError> {
    let program: PathBuf = which::which("bwrap").map_err(|_| EngineError::Missing {
        what: "the embedded engine needs bubblewrap, and there is no bwrap on the PATH".to_owned(),
        details: Vec::new(),
        hint: "install it (Debian, Ubuntu and Fedora: the package bubblewrap)".to_owned(),
    })?;
    preflight::check(&program)?;
    Ok(Bubblewrap::at(&program))
}
