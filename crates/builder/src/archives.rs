//! Where the two archives go: first into a folder beside their place, and into it once they are verified.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use diagnostics::{Failed, Message};
use monorepo::Monorepo;
use tempfile::TempDir;

use crate::settings::BuildSettings;
use crate::state::remove_folders;

/// Begins the name of the folder, beside the archives, that they arrive in before they are verified.
const INCOMING: &str = ".incoming-";

/// Where the Backstage CLI leaves the archives.
pub fn default_folder(repo: &Monorepo) -> PathBuf {
    repo.root.join(&repo.backend().folder).join("dist")
}

/// Where the archives of a build go.
pub(crate) fn folder(settings: &BuildSettings, repo: &Monorepo) -> PathBuf {
    settings.artifacts.clone().unwrap_or_else(|| default_folder(repo))
}

/// A new folder on the same file system as the archives' own, made before the long build: a repository that
/// cannot be written to is known at once.
pub(crate) fn incoming_folder(artifacts: &Path) -> Result<TempDir> {
    let hint = "name a writable folder with `--artifacts DIR`";
    let doing = || Message::new(format!("preparing {} for the artifacts", artifacts.display())).hint(hint);
    std::fs::create_dir_all(artifacts).map_err(Failed::from_cause(doing()))?;
    remove_folders(artifacts, INCOMING);
    let folder = tempfile::Builder::new().prefix(INCOMING).tempdir_in(artifacts);
    Ok(folder.map_err(Failed::from_cause(doing()))?)
}

/// Moves the verified archives into place.
pub(crate) fn publish(incoming: &Path, artifacts: &Path) -> Result<()> {
    for name in [artifacts::SKELETON, artifacts::BUNDLE] {
        std::fs::rename(incoming.join(name), artifacts.join(name))
            .with_context(|| format!("moving {name} into {}", artifacts.display()))?;
    }
    Ok(())
}
