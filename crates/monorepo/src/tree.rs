//! The files of the repository as a clone would have them: what git ignores is left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use diagnostics::{Problem, Problems};
use sha2::{Digest, Sha256};

use crate::walk::walk;

/// SHA-256 of a file's content, or of a link's target.
pub type ContentDigest = [u8; 32];

/// One file of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Whether the owner may execute it; git records nothing else of a mode.
    pub executable: bool,
    /// Whether it is a symbolic link, so that its content is where it leads to.
    pub is_link: bool,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content.
    pub digest: ContentDigest,
}

/// All files of the repository by path relative to its root, with `/` on every system.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<String, TreeFile>,
}

impl Tree {
    /// Walks and hashes the files under `root` on all cores.
    ///
    /// # Errors
    /// Names every file that could not be read.
    pub fn scan(root: &Path) -> Result<Self, Problems> {
        let paths = walk(root)?;
        let results = hash_all(root, &paths);
        let (files, problems): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        if !problems.is_empty() {
            return Err(Problems(problems.into_iter().filter_map(Result::err).collect()));
        }
        Ok(Self { files: files.into_iter().filter_map(Result::ok).collect() })
    }

    /// A tree from given files; what `recipe` is tested with.
    pub fn from_files(files: impl IntoIterator<Item = (String, TreeFile)>) -> Self {
        Self { files: files.into_iter().collect() }
    }

    /// Every file, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TreeFile)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// The file at this path.
    pub fn get(&self, path: &str) -> Option<&TreeFile> {
        self.files.get(path)
    }

    /// Whether `path` is a file, or a folder with at least one file in it.
    pub fn contains(&self, path: &str) -> bool {
        self.under(path).next().is_some()
    }

    /// The file at `path`, or every file below it.
    pub fn under(&self, path: &str) -> impl Iterator<Item = (&str, &TreeFile)> {
        let folder = format!("{path}/");
        let end = format!("{path}0"); // '0' is the character after '/'
        self.files
            .get_key_value(path)
            .into_iter()
            .chain(self.files.range(folder..end))
            .map(|(path, file)| (path.as_str(), file))
    }

    /// Puts a file in the place of what is there.
    pub(crate) fn insert(&mut self, path: &str, text: &str) {
        let digest = Sha256::digest(text).into();
        let file = TreeFile { executable: false, is_link: false, size: text.len() as u64, digest };
        self.files.insert(path.to_owned(), file);
    }

    /// Leaves out a folder.
    pub(crate) fn remove(&mut self, folder: &str) {
        let gone: Vec<String> = self.under(folder).map(|(path, _)| path.to_owned()).collect();
        for path in gone {
            self.files.remove(&path);
        }
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

fn hash_all(root: &Path, paths: &[PathBuf]) -> Vec<Result<(String, TreeFile), Problem>> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..parallelism())
            .map(|_| {
                scope.spawn(|| {
                    let mut results = Vec::new();
                    while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                        results.push(hash_file(root, path));
                    }
                    results
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

fn hash_file(root: &Path, path: &Path) -> Result<(String, TreeFile), Problem> {
    let failed = |error: std::io::Error| Problem::unreadable(path, &error);
    let metadata = path.symlink_metadata().map_err(failed)?;
    let content = if metadata.is_symlink() {
        let target = std::fs::read_link(path).map_err(failed)?;
        target.into_os_string().into_encoded_bytes()
    } else {
        std::fs::read(path).map_err(failed)?
    };
    let file = TreeFile {
        executable: is_executable(&metadata),
        is_link: metadata.is_symlink(),
        size: content.len() as u64,
        digest: Sha256::digest(&content).into(),
    };
    Ok((relative(root, path), file))
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.is_file() && metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &std::fs::Metadata) -> bool {
    false
}

/// `path` relative to `root`, with `/` between its parts.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
