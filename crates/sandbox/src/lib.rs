//! The engine without a daemon: steps run in sandboxes over a builder root file system, and their work trees,
//! results and caches stay in a state folder, so that a step whose inputs did not change has nothing to do.

mod actions;
mod archive;
mod build;
mod config_check;
mod files;
mod job;
mod preflight;
mod record;
mod run;
mod sandbox;
mod steps;
mod tree;
mod work_tree;
mod yarn_cache;

use std::path::{Path, PathBuf};

pub use build::Build;
pub use config_check::{ConfigCheck, Verdict};
pub use job::{Builder, EmbeddedJob, Gates, Reuse};
pub use sandbox::{Bubblewrap, Identity, Mount, Network, Sandbox, SandboxedCommand};

use process::{EngineError, Interrupt};

/// Finds bubblewrap. Whether it works here is for [`Sandbox::check`].
///
/// # Errors
/// It is missing; the error says what to install.
pub fn find_sandbox() -> Result<Bubblewrap, EngineError> {
    let program: PathBuf = which::which("bwrap").map_err(|_| EngineError::Missing {
        what: "the embedded engine needs bubblewrap, and there is no bwrap on the PATH".to_owned(),
        details: Vec::new(),
        hint: "install it (Debian, Ubuntu and Fedora: the package bubblewrap)".to_owned(),
    })?;
    Ok(Bubblewrap::at(&program))
}

/// The work tree in which a repository's packages are installed, below its own folder `state`.
pub fn installed_tree(state: &Path) -> PathBuf {
    state.join("trees").join(recipe::installing_step().to_string())
}

/// Strips a program of its symbols, in place, with the builder's own tools.
///
/// # Errors
/// The tools failed, or are not in the builder.
pub fn strip(sandbox: &dyn Sandbox, builder: &Path, program: &Path, interrupt: &Interrupt) -> Result<(), EngineError> {
    let folder = program.parent().unwrap_or(Path::new("/"));
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let command = SandboxedCommand {
        root: builder.to_owned(),
        mounts: vec![Mount::writable(folder, recipe::OUT)],
        environment: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
        secrets: Vec::new(),
        network: Network::None,
        identity: Identity::default(),
        folder: "/".to_owned(),
        argv: ["strip", "--strip-unneeded", &format!("{}/{name}", recipe::OUT)].map(str::to_owned).to_vec(),
    };
    sandbox.wrap(&command).stream(None, interrupt, |_| {}).map(drop)
}
