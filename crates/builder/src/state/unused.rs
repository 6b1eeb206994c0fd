//! What nobody uses any more, and how large things are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::repositories::{link_identity, repositories};

/// What nobody used for so long goes by itself.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Folders in the state folder whose entries go one by one.
const SHARED: &[&str] = &["downloads", "images", "npm", "roots"];

/// Removes what belongs to repositories that are gone, and what was not used for a month; gives the bytes that are
/// free now. Called after a build, which must not fail for it.
pub fn prune(shared: &Path) -> u64 {
    let mut freed = 0;
    for folder in repositories(shared) {
        // Nobody's build may be running in it.
        if folder.is_abandoned(UNUSED)
            && let Some(_lock) = folder.lock()
        {
            let bytes = size(folder.path());
            freed += process::remove_tree(folder.path()).map_or(0, |()| bytes);
        }
    }
    for entry in SHARED.iter().flat_map(|name| list(&shared.join(name))) {
        if is_unused(&entry) {
            let bytes = size(&entry);
            freed += process::remove_tree(&entry).map_or(0, |()| bytes);
            // What is known about a root file system lies beside it.
            for suffix in ["lock", "mark"] {
                let _ = std::fs::remove_file(format!("{}.{suffix}", entry.display()));
            }
        }
    }
    freed
}

fn is_unused(path: &Path) -> bool {
    if path.extension().is_some_and(|extension| extension == "lock" || extension == "mark") {
        return false;
    }
    let used = path.symlink_metadata().and_then(|metadata| metadata.modified());
    used.is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age > UNUSED))
}

/// What is in a folder; nothing when it is none.
pub fn list(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Bytes on disk of a tree, hard links in it counted once.
pub fn size(path: &Path) -> u64 {
    let mut seen = BTreeSet::new();
    size_of(path, &mut seen)
}

fn size_of(path: &Path, seen: &mut BTreeSet<u64>) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    if metadata.is_dir() {
        return list(path).iter().map(|inner| size_of(inner, seen)).sum();
    }
    let is_first = link_identity(&metadata).is_none_or(|identity| seen.insert(identity));
    if is_first { metadata.len() } else { 0 }
}
