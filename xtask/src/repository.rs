//! From flags to facts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use monorepo::{BackendChoice, Monorepo, Search};

use crate::exit::WrongUsage;
use crate::flags::RepositoryFlags;
use crate::output::Printer;

/// Finds the root of the repository.
pub(crate) fn root(flags: &RepositoryFlags) -> Result<PathBuf> {
    let search = Search {
        named: flags.repo.clone(),
        from: std::env::current_dir().context("finding the working directory")?,
        vendored_in: workspace_folder(),
    };
    Ok(search.run().map_err(diagnostics::Problems::from)?)
}

/// Finds the repository and reads its facts.
pub(crate) fn quietly(flags: &RepositoryFlags) -> Result<Monorepo> {
    let root = root(flags)?;
    let choice = flags.backend.clone().map_or(BackendChoice::Only, BackendChoice::Named);
    Ok(Monorepo::read(&root, &choice)?)
}

/// The same; oddities are warned about.
pub(crate) fn read(flags: &RepositoryFlags, printer: &Printer) -> Result<Monorepo> {
    let repo = quietly(flags)?;
    for notice in &repo.notices {
        printer.warning(&notice.to_string());
    }
    Ok(repo)
}

/// The workspace this program was started from by cargo.
pub(crate) fn workspace_folder() -> Option<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)?;
    package.parent().map(PathBuf::from)
}

/// The demo and the tests are in the source of this tool alone.
pub(crate) fn require_tests(workspace: &Path) -> Result<()> {
    if workspace.join("tests").is_dir() {
        return Ok(());
    }
    let hint = "run it in a clone of backstage-xtask; `cargo xtask doctor` and `cargo xtask build-image` are for here";
    Err(WrongUsage::new("a vendored copy has neither tests nor the demo").hint(hint).into())
}
