//! Our own folder: one per repository, with a lock, the rendered files, logs and the last build's record.

mod repositories;
mod unused;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use diagnostics::{Failed, Message, hexadecimal};
use process::{EngineError, Interrupt};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::console::Console;
use crate::files::{sha256, write_atomically};

use repositories::{BASE_IMAGES, LOCK_FILE, ROOT_FILE};
pub use repositories::{RepositoryFolder, repositories, shared_parts};
pub use unused::{list, prune, size};

/// Folder of the embedded engine's work trees and records, within the repository's own.
pub const TREES: &str = "embedded";
/// How often a lock that somebody else holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(200);
/// Begins the names of folders that live as long as one build.
const SCRATCH: &str = "scratch-";

/// What the last verified build left, so that an equal one has nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBuild {
    /// Fingerprint of the recipe.
    pub fingerprint: String,
    /// Id of the base image.
    pub base_id: String,
    /// Id of the image.
    pub image_id: String,
    /// What the lower layers were, and what they were verified for, when only the others change with an edit.
    #[serde(default)]
    pub checked: String,
    /// Bytes of the image's files.
    #[serde(default)]
    pub size: u64,
    /// SHA-256 of each archive, by name.
    pub archives: Vec<(String, String)>,
}

impl LastBuild {
    /// Whether the folder has its archives as they were.
    pub fn has_archives_in(&self, folder: &Path) -> bool {
        let is_intact =
            |(name, digest): &(String, String)| sha256(&folder.join(name)).is_ok_and(|found| found == *digest);
        !self.archives.is_empty() && self.archives.iter().all(is_intact)
    }
}

/// The state of one repository, ours alone until it is dropped.
pub struct State {
    shared: PathBuf,
    folder: PathBuf,
    _lock: File,
}

impl State {
    /// Opens and locks the state of the repository at `root`; waits for another build of it.
    ///
    /// # Errors
    /// The folder cannot be written to, or somebody interrupted while another build ran.
    pub fn open(root: &Path, state_dir: Option<&Path>, console: &dyn Console, interrupt: &Interrupt) -> Result<Self> {
        let base = shared_folder(state_dir)?;
        let folder = base.join(folder_name(root));
        let state = Self::lock(base, folder, console, interrupt)?;
        write_atomically(&state.path(ROOT_FILE), root.as_os_str().as_encoded_bytes())?;
        Ok(state)
    }

    /// Opens and locks what base images are made in, which belongs to no repository.
    ///
    /// # Errors
    /// As [`State::open`].
    pub fn of_base_images(state_dir: Option<&Path>, console: &dyn Console, interrupt: &Interrupt) -> Result<Self> {
        let base = shared_folder(state_dir)?;
        let folder = base.join(BASE_IMAGES);
        Self::lock(base, folder, console, interrupt)
    }

    fn lock(shared: PathBuf, folder: PathBuf, console: &dyn Console, interrupt: &Interrupt) -> Result<Self> {
        let hint = "name a writable folder with `--state-dir DIR`";
        let creating = Message::new(format!("creating the state folder {}", folder.display())).hint(hint);
        std::fs::create_dir_all(folder.join("logs")).map_err(Failed::from_cause(creating))?;
        let locking = Message::new("creating a lock file").hint(hint);
        let lock = File::create(folder.join(LOCK_FILE)).map_err(Failed::from_cause(locking))?;
        wait_for(&lock, console, interrupt)?;
        let state = Self { shared, folder, _lock: lock };
        state.remove_leftovers();
        Ok(state)
    }

    /// The folder that all repositories share.
    pub fn shared(&self) -> &Path {
        &self.shared
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The repository's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Forgets everything but the lock that is held.
    ///
    /// # Errors
    /// The system refused.
    pub fn clear(&self) -> std::io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name() != LOCK_FILE {
                process::remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }

    /// A folder that is gone when the build ends.
    ///
    /// # Errors
    /// The system refused.
    pub fn scratch(&self) -> Result<TempDir> {
        let folder = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(&self.folder);
        folder.with_context(|| format!("creating a folder in {}", self.folder.display()))
    }

    /// What the last verified build left; a broken record counts as none.
    pub fn last_build(&self) -> Option<LastBuild> {
        let text = std::fs::read_to_string(self.path("last-build.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Remembers a verified build.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn remember(&self, build: &LastBuild) -> Result<()> {
        write_atomically(&self.path("last-build.json"), &serde_json::to_vec_pretty(build)?)
    }

    /// A build that was killed could not remove its folder; with the lock held there is no other.
    fn remove_leftovers(&self) {
        remove_folders(&self.folder, SCRATCH);
    }
}

/// Removes the folders in `folder` whose names begin with `prefix`.
pub fn remove_folders(folder: &Path, prefix: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = process::remove_tree(&entry.path());
        }
    }
}

fn wait_for(lock: &File, console: &dyn Console, interrupt: &Interrupt) -> Result<()> {
    let mut announced = false;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if interrupt.is_set() => return Err(EngineError::Interrupted.into()),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut announced, true) {
                    console.line("another build of this repository is running; waiting for it to end");
                }
                std::thread::sleep(LOCK_POLL);
            }
            Err(TryLockError::Error(error)) => return Err(error).context("locking the state folder"),
        }
    }
}

/// The folder that is named, or else ours in the user's cache folder.
///
/// # Errors
/// No folder is named, and no variable says where caches are.
pub fn shared_folder(state_dir: Option<&Path>) -> Result<PathBuf> {
    // What runs in a sandbox wants absolute paths.
    let named = state_dir.map(std::path::absolute).transpose();
    named.context("finding the state folder")?.map_or_else(default_folder, Ok)
}

fn default_folder() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let none = || Message::new("neither XDG_CACHE_HOME nor HOME is set").hint("name a folder with `--state-dir DIR`");
    let cache = cache.ok_or_else(|| Failed::new(none()))?;
    Ok(cache.join("backstage-xtask"))
}

/// The folder of the repository at `root`, whether it is there or not.
pub fn repository_folder(shared: &Path, root: &Path) -> PathBuf {
    shared.join(folder_name(root))
}

/// The repository's own name, and enough of a hash of its path to tell two of the same name apart.
fn folder_name(root: &Path) -> String {
    let hash = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}-{}", hexadecimal(&hash[..6]))
}
