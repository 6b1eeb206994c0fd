//! The mark of a finished folder: it tells a whole one from one that somebody removed files from.
//!
//! A folder's time changes when an entry is added to it or removed from it; so looking at the folders alone
//! is enough, and takes a few milliseconds. A copied state folder may have other times: then the entries are
//! counted. The time of the finished folder itself tells when it was last used.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use process::{EngineError, fs};

/// What was there when the folder was finished.
#[derive(Debug, Default, PartialEq, Eq)]
struct Contents {
    /// Files, links and folders.
    entries: u64,
    /// Each folder's time and path, a line each; the finished folder has its entries counted instead.
    folders: String,
}

/// Whether the folder holds what it held when it was finished.
pub(crate) fn is_whole(folder: &Path, marker: &Path, digest: &str) -> bool {
    let Ok(text) = std::fs::read_to_string(marker) else { return false };
    let mut parts = text.splitn(3, '\n');
    let (Some(found), Some(entries), Some(folders)) = (parts.next(), parts.next(), parts.next()) else { return false };
    if found != digest || !folder.is_dir() {
        return false;
    }
    if folders.lines().all(|line| is_unchanged(folder, line)) {
        touch(folder);
        touch(marker);
        return true;
    }
    let mut contents = Contents::default();
    let read = contents.add(folder, Path::new("")).is_ok();
    let whole = read && entries == contents.entries.to_string();
    if whole {
        // Only a quicker answer the next time depends on it.
        let _ = write_contents(marker, digest, &contents);
    }
    whole
}

/// Marks the folder as finished.
///
/// # Errors
/// The disk refused.
pub(crate) fn write(folder: &Path, marker: &Path, digest: &str) -> Result<(), EngineError> {
    let mut contents = Contents::default();
    contents.add(folder, Path::new("")).map_err(EngineError::io(format!("reading {}", folder.display())))?;
    write_contents(marker, digest, &contents)
}

fn write_contents(marker: &Path, digest: &str, contents: &Contents) -> Result<(), EngineError> {
    fs::write(marker, format!("{digest}\n{}\n{}", contents.entries, contents.folders).as_bytes())
}

impl Contents {
    fn add(&mut self, root: &Path, path: &Path) -> std::io::Result<()> {
        let folder = root.join(path);
        match path.to_str() {
            Some(text) if !text.contains('\n') => {
                let _ = writeln!(self.folders, "{} {text}", state(root, text)?);
            }
            _ => {}
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            self.entries += 1;
            if entry.file_type()?.is_dir() {
                self.add(root, &path.join(entry.file_name()))?;
            }
        }
        Ok(())
    }
}

fn is_unchanged(root: &Path, line: &str) -> bool {
    let recorded = line.split_once(' ').and_then(|(state, path)| Some((state.parse::<u128>().ok()?, path)));
    recorded.is_some_and(|(recorded, path)| state(root, path).is_ok_and(|found| found == recorded))
}

/// What is recorded of a folder.
fn state(root: &Path, path: &str) -> std::io::Result<u128> {
    if path.is_empty() {
        return Ok(std::fs::read_dir(root)?.count() as u128);
    }
    time(&root.join(path))
}

/// Says that something was used now: what nobody uses for long may be removed.
fn touch(path: &Path) {
    let _ = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
}

/// Nanoseconds since 1970 that a folder was last changed at.
fn time(folder: &Path) -> std::io::Result<u128> {
    let changed = std::fs::symlink_metadata(folder)?.modified()?;
    Ok(changed.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
        let scratch = tempfile::tempdir().unwrap();
        let (folder, marker) = (scratch.path().join("root"), scratch.path().join("root.mark"));
        std::fs::create_dir_all(folder.join("usr/bin")).unwrap();
        std::fs::write(folder.join("usr/bin/node"), "").unwrap();
        write(&folder, &marker, "abc").unwrap();
        (scratch, folder, marker)
    }

    #[test]
    fn a_missing_file_and_another_digest_are_noticed() {
        let (_scratch, folder, marker) = finished();
        assert!(is_whole(&folder, &marker, "abc"));
        assert!(!is_whole(&folder, &marker, "abd"));
        std::fs::remove_file(folder.join("usr/bin/node")).unwrap();
        assert!(!is_whole(&folder, &marker, "abc"));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(!is_whole(&folder, &marker, "abc"));
    }

    #[test]
    fn a_use_shows_in_the_time_of_the_folder() {
        let (_scratch, folder, marker) = finished();
        let long_ago = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::open(&folder).unwrap().set_modified(long_ago).unwrap();
        assert!(is_whole(&folder, &marker, "abc"));
        assert!(time(&folder).unwrap() > 1_500_000_000_000_000_000);
        std::fs::remove_dir_all(folder.join("usr")).unwrap();
        assert!(!is_whole(&folder, &marker, "abc"));
    }

    #[test]
    fn a_copy_with_other_times_is_counted_once() {
        let (_scratch, folder, marker) = finished();
        std::fs::write(folder.join("usr/bin/more"), "").unwrap();
        std::fs::remove_file(folder.join("usr/bin/more")).unwrap();
        let before = std::fs::read_to_string(&marker).unwrap();
        assert!(is_whole(&folder, &marker, "abc"));
        assert_ne!(std::fs::read_to_string(&marker).unwrap(), before);
    }

    #[test]
    fn a_cut_marker_marks_nothing() {
        let (_scratch, folder, marker) = finished();
        for text in ["", "abc", "abc\n3"] {
            std::fs::write(&marker, text).unwrap();
            assert!(!is_whole(&folder, &marker, "abc"), "{text}");
        }
    }
}
