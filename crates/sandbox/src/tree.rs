//! The work tree of a step: exactly the files it reads, copied from the repository, beside what it keeps
//! between runs.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use diagnostics::hexadecimal;
use process::{EngineError, fs};

/// What a file of a work tree holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// The file of the repository with this SHA-256.
    Repository {
        /// SHA-256 of its content, or of a link's target.
        digest: [u8; 32],
        /// Whether the owner may execute it.
        executable: bool,
    },
    /// This text.
    Text(String),
}

impl Content {
    /// SHA-256 of the content in hexadecimal, with a mark for an executable file.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Self::Repository { digest, executable: false } => hexadecimal(digest),
            Self::Repository { digest, executable: true } => format!("{} x", hexadecimal(digest)),
            Self::Text(text) => hexadecimal(&Sha256::digest(text)),
        }
    }
}

/// Files by path relative to the work tree.
pub(crate) type Files = BTreeMap<String, Content>;

/// What a file was like after we had written it; one that is not like it any more was changed by a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    content: String,
    size: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(content: &Content, metadata: &Metadata) -> Self {
        Self {
            content: content.fingerprint(),
            size: metadata.size(),
            inode: metadata.ino(),
            // The change time, which unlike the modification time no program can set.
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Stamp {
    /// Whether the file was written with this content.
    pub(crate) fn is_of(&self, content: &Content) -> bool {
        self.content == content.fingerprint()
    }
}

/// Stamps by path.
pub(crate) type Stamps = BTreeMap<String, Stamp>;

/// Brings the tree at `root` in line with `files`: writes what is missing or differs, removes the rest but
/// for what `keeps` names (asked for files and folders alike, folders first).
///
/// # Errors
/// A file changed while it was copied, or the disk refused.
pub(crate) fn synchronise(
    root: &Path,
    repository: &Path,
    files: &Files,
    stamps: &mut Stamps,
    keeps: &dyn Fn(&str) -> bool,
) -> Result<(), EngineError> {
    std::fs::create_dir_all(root).map_err(EngineError::io(format!("creating {}", root.display())))?;
    let mut current = Stamps::new();
    clean(root, "", &ExpectedTree { files, stamps, keeps }, &mut current)?;
    for (path, content) in files {
        if !current.contains_key(path) {
            let metadata = write(root, repository, path, content)?;
            current.insert(path.clone(), Stamp::of(content, &metadata));
        }
    }
    *stamps = current;
    Ok(())
}

struct ExpectedTree<'a> {
    files: &'a Files,
    stamps: &'a Stamps,
    keeps: &'a dyn Fn(&str) -> bool,
}

impl ExpectedTree<'_> {
    /// The stamp of a file that is as it should be.
    fn intact(&self, path: &str, metadata: &Metadata) -> Option<Stamp> {
        let now = Stamp::of(self.files.get(path)?, metadata);
        self.stamps.get(path).is_some_and(|before| *before == now).then_some(now)
    }
}

/// Removes what does not belong in a folder, and notes what may stay. Gives whether anything is left in it.
fn clean(root: &Path, folder: &str, wanted: &ExpectedTree<'_>, current: &mut Stamps) -> Result<bool, EngineError> {
    let path = root.join(folder);
    let failed = |error| EngineError::Io { doing: format!("reading {}", path.display()), source: error };
    let mut left = false;
    for entry in std::fs::read_dir(&path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let inside = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        let metadata = entry.metadata().map_err(failed)?;
        if (wanted.keeps)(&inside) {
            left = true;
        } else if metadata.is_dir() {
            if clean(root, &inside, wanted, current)? {
                left = true;
            } else {
                fs::remove(&entry.path())?;
            }
        } else if let Some(stamp) = wanted.intact(&inside, &metadata) {
            current.insert(inside, stamp);
            left = true;
        } else {
            fs::remove(&entry.path())?;
        }
    }
    Ok(left)
}

fn write(root: &Path, repository: &Path, path: &str, content: &Content) -> Result<Metadata, EngineError> {
    let target = root.join(path);
    let failed = |error| EngineError::Io { doing: format!("writing {}", target.display()), source: error };
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    match content {
        Content::Text(text) => write_file(&target, text.as_bytes(), false).map_err(failed)?,
        Content::Repository { digest, executable } => {
            let source = repository.join(path);
            let bytes = read(&source).map_err(EngineError::io(format!("reading {}", source.display())))?;
            if Sha256::digest(bytes.bytes()).as_slice() != digest {
                return Err(EngineError::Missing {
                    what: format!("{} changed while the build was reading it", source.display()),
                    details: Vec::new(),
                    hint: "run the build again once nothing writes to the repository".to_owned(),
                });
            }
            match bytes {
                Bytes::File(bytes) => write_file(&target, &bytes, *executable).map_err(failed)?,
                Bytes::Link(to) => std::os::unix::fs::symlink(to, &target).map_err(failed)?,
            }
        }
    }
    target.symlink_metadata().map_err(failed)
}

enum Bytes {
    File(Vec<u8>),
    Link(std::ffi::OsString),
}

impl Bytes {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::File(bytes) => bytes,
            Self::Link(target) => target.as_encoded_bytes(),
        }
    }
}

fn read(path: &Path) -> std::io::Result<Bytes> {
    if path.symlink_metadata()?.is_symlink() {
        return Ok(Bytes::Link(std::fs::read_link(path)?.into_os_string()));
    }
    std::fs::read(path).map(Bytes::File)
}

/// Modes are what a clone has under the usual umask, whatever ours is.
fn write_file(path: &Path, bytes: &[u8], executable: bool) -> std::io::Result<()> {
    std::fs::write(path, bytes)?;
    let mode = if executable { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    fn files<const N: usize>(list: [(&str, &str); N]) -> Files {
        list.into_iter().map(|(path, content)| (path.to_owned(), text(content))).collect()
    }

    fn names(root: &Path) -> Vec<String> {
        let mut found: Vec<_> =
            std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        found.sort();
        found
    }

    #[test]
    fn what_does_not_belong_goes_and_what_is_kept_stays() {
        let tree = tempfile::tempdir().unwrap();
        let mut stamps = Stamps::new();
        let keeps = |path: &str| path == "node_modules";
        let root = tree.path();
        synchronise(root, root, &files([("a", "1"), ("old/b", "2")]), &mut stamps, &keeps).unwrap();
        std::fs::create_dir_all(root.join("node_modules/x")).unwrap();
        std::fs::create_dir_all(root.join("dist/deep")).unwrap();
        std::fs::write(root.join("dist/deep/output"), "").unwrap();
        synchronise(root, root, &files([("a", "1"), ("c", "3")]), &mut stamps, &keeps).unwrap();
        assert_eq!(names(root), ["a", "c", "node_modules"]);
    }

    #[test]
    fn a_file_that_a_step_changed_is_written_again() {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path();
        let (mut stamps, files) = (Stamps::new(), files([("a", "one"), ("b", "two")]));
        synchronise(root, root, &files, &mut stamps, &|_| false).unwrap();
        let untouched = std::fs::metadata(root.join("b")).unwrap().ino();
        std::fs::write(root.join("a"), "eno").unwrap();
        synchronise(root, root, &files, &mut stamps, &|_| false).unwrap();
        assert_eq!(std::fs::read_to_string(root.join("a")).unwrap(), "one");
        assert_eq!(std::fs::metadata(root.join("b")).unwrap().ino(), untouched);
    }

    #[test]
    fn a_file_that_changes_under_our_hands_is_named() {
        let (tree, repository) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(repository.path().join("a"), "new").unwrap();
        let digest = Sha256::digest("old").into();
        let files = Files::from([("a".to_owned(), Content::Repository { digest, executable: false })]);
        let error = synchronise(tree.path(), repository.path(), &files, &mut Stamps::new(), &|_| false).unwrap_err();
        assert!(error.to_string().contains("/a changed while the build was reading it"), "{error}");
    }

    #[test]
    fn a_folder_that_nobody_may_enter_is_removed_all_the_same() {
        let tree = tempfile::tempdir().unwrap();
        let locked = tree.path().join("locked/inner");
        std::fs::create_dir_all(&locked).unwrap();
        std::fs::write(locked.join("file"), "").unwrap();
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
        synchronise(tree.path(), tree.path(), &Files::new(), &mut Stamps::new(), &|_| false).unwrap();
        assert!(names(tree.path()).is_empty());
    }
}
