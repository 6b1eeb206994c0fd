//! Small work on files that the rooms of this engine share.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use process::EngineError;

/// Whether a link is at `path` in a tree, or on the way there.
pub(crate) fn is_below_link(tree: &Path, path: &str) -> bool {
    let mut place = tree.to_owned();
    Path::new(path).components().any(|name| {
        place.push(name);
        place.is_symlink()
    })
}

/// Repeats a tree with hard links in place of files, on all cores. `skips` is asked with paths relative to it;
/// `copies` names files that the new tree's owner will write to, which must not be shared.
pub(crate) fn hard_link_tree(
    from: &Path,
    to: &Path,
    skips: &(dyn Fn(&Path) -> bool + Sync),
    copies: &(dyn Fn(&Path) -> bool + Sync),
) -> Result<(), EngineError> {
    let failed =
        |error| EngineError::Io { doing: format!("linking {} to {}", from.display(), to.display()), source: error };
    std::fs::create_dir_all(to).map_err(failed)?;
    // One folder at a time per worker; folders found on the way join the queue.
    let queue = Mutex::new(vec![std::path::PathBuf::new()]);
    let unfinished = AtomicUsize::new(1);
    let problem = Mutex::new(None);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while unfinished.load(Ordering::Acquire) > 0 && lock(&problem).is_none() {
                    let Some(folder) = lock(&queue).pop() else {
                        std::thread::yield_now();
                        continue;
                    };
                    match link_folder(from, to, &folder, skips, copies) {
                        Ok(inner) => {
                            unfinished.fetch_add(inner.len(), Ordering::AcqRel);
                            lock(&queue).extend(inner);
                        }
                        Err(error) => *lock(&problem) = Some(error),
                    }
                    unfinished.fetch_sub(1, Ordering::AcqRel);
                }
            });
        }
    });
    problem.into_inner().unwrap_or_default().map_or(Ok(()), |error| Err(failed(error)))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Links the files of one folder; gives the folders in it, which exist in the new tree by then.
fn link_folder(
    from: &Path,
    to: &Path,
    folder: &Path,
    skips: &(dyn Fn(&Path) -> bool + Sync),
    copies: &(dyn Fn(&Path) -> bool + Sync),
) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(from.join(folder))? {
        let entry = entry?;
        let inside = folder.join(entry.file_name());
        let (kind, target) = (entry.file_type()?, to.join(&inside));
        if skips(&inside) {
            continue;
        }
        if kind.is_dir() {
            std::fs::create_dir(&target)?;
            folders.push(inside);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, target)?;
        } else if copies(&inside) {
            std::fs::copy(entry.path(), target)?;
        } else {
            std::fs::hard_link(entry.path(), target)?;
        }
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_linked_tree_shares_files_but_those_to_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for inner in ["a/b", "c", "skipped"] {
            std::fs::create_dir_all(from.join(inner)).unwrap();
            std::fs::write(from.join(inner).join("file"), inner).unwrap();
        }
        std::os::unix::fs::symlink("../c/file", from.join("a/link")).unwrap();
        hard_link_tree(&from, &to, &|path| path == Path::new("skipped"), &|path| path == Path::new("c/file")).unwrap();
        let inode = |root: &Path, path: &str| std::fs::symlink_metadata(root.join(path)).unwrap().ino();
        assert_eq!(inode(&from, "a/b/file"), inode(&to, "a/b/file"));
        assert_ne!(inode(&from, "c/file"), inode(&to, "c/file"));
        assert_eq!(std::fs::read_link(to.join("a/link")).unwrap(), Path::new("../c/file"));
        assert!(!to.join("skipped").exists());
    }
}
