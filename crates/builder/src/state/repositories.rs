//! The folders of all repositories that were built, and what they share.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Names the repository a folder belongs to.
pub(super) const ROOT_FILE: &str = "repository";
/// The lock of a folder; its time is that of the last build.
pub(super) const LOCK_FILE: &str = "lock";
/// What base images are made in.
pub(super) const BASE_IMAGES: &str = "base-image";
/// What all repositories share, by name.
const SHARED: &[&str] = &["apt", BASE_IMAGES, "caches", "downloads", "images", "npm", "roots"];

/// The folder of one repository.
pub struct RepositoryFolder {
    path: PathBuf,
    root: PathBuf,
}

/// The folders of repositories in the state folder.
pub fn repositories(shared: &Path) -> Vec<RepositoryFolder> {
    let folders = std::fs::read_dir(shared).into_iter().flatten().flatten().map(|entry| entry.path());
    let of_repository = |path: PathBuf| {
        let root = std::fs::read_to_string(path.join(ROOT_FILE)).ok()?;
        Some(RepositoryFolder { root: PathBuf::from(root), path })
    };
    folders.filter_map(of_repository).collect()
}

/// What is there of the parts that all repositories share.
pub fn shared_parts(shared: &Path) -> Vec<PathBuf> {
    SHARED.iter().map(|name| shared.join(name)).filter(|path| path.exists()).collect()
}

impl RepositoryFolder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For people: the repository.
    pub fn describe(&self) -> String {
        let gone = if self.root.exists() { "" } else { " (gone)" };
        format!("{}{gone}", self.root.display())
    }

    /// Keeps builds of the repository away; nothing when one is running.
    pub fn lock(&self) -> Option<File> {
        let file = File::create(self.path.join(LOCK_FILE)).ok()?;
        file.try_lock().is_ok().then_some(file)
    }

    /// Whether its repository is gone, or was not built for so long.
    pub fn is_abandoned(&self, unused: Duration) -> bool {
        let last = self.path.join(LOCK_FILE).metadata().and_then(|metadata| metadata.modified());
        let is_old = last.is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age > unused));
        is_old || !self.root.exists()
    }
}

/// What two names of one file have in common; nothing for a file with one name.
#[cfg(unix)]
pub(super) fn link_identity(metadata: &Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    (metadata.nlink() > 1).then(|| metadata.ino())
}

/// Hard links are not told apart here.
#[cfg(not(unix))]
pub(super) fn link_identity(_metadata: &Metadata) -> Option<u64> {
    None
}
