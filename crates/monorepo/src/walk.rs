//! The files that git does not ignore, but for those that no build context has.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use diagnostics::{Problem, Problems};

use crate::gitignores::{Gitignore, PathKind};
use crate::never::never_in_context;

/// A `.gitignore`, and how long the path of its folder is, with a slash at its end.
struct Rules {
    below: usize,
    gitignore: Gitignore,
}

/// Every file and link, but for what is ignored.
///
/// # Errors
/// Names every folder that could not be read.
pub(crate) fn walk(root: &Path) -> Result<Vec<PathBuf>, Problems> {
    let mut walker = Walker { root, rules: Vec::new(), found: Vec::new(), failed: Vec::new() };
    walker.folder(&PathBuf::new());
    if walker.failed.is_empty() { Ok(walker.found) } else { Err(Problems(walker.failed)) }
}

struct Walker<'a> {
    root: &'a Path,
    /// Those of the folders above, the innermost last.
    rules: Vec<Rules>,
    found: Vec<PathBuf>,
    failed: Vec<Problem>,
}

impl Walker<'_> {
    /// Walks a folder, by its path relative to the root.
    fn folder(&mut self, relative: &Path) {
        let folder = self.root.join(relative);
        let entries = std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.fail(&folder, &error),
        };
        let has_rules = entries.iter().any(|entry| entry.file_name() == ".gitignore");
        // One that cannot be read is found when its content is.
        let rules = if has_rules { std::fs::read(folder.join(".gitignore")).ok() } else { None };
        let count = self.rules.len();
        self.rules.extend(rules.map(|text| Rules {
            below: if relative.as_os_str().is_empty() { 0 } else { relative.as_os_str().len() + 1 },
            gitignore: Gitignore::parse(&text),
        }));
        for entry in entries {
            match entry.file_type() {
                Ok(kind) => self.entry(&relative.join(entry.file_name()), &entry.file_name(), kind),
                Err(error) => self.fail(&entry.path(), &error),
            }
        }
        self.rules.truncate(count);
    }

    fn entry(&mut self, relative: &Path, name: &OsStr, kind: std::fs::FileType) {
        let path_kind = if kind.is_dir() { PathKind::Folder } else { PathKind::File };
        if never_in_context(name, relative) || self.ignores(relative.as_os_str().as_bytes(), path_kind) {
            return;
        }
        match path_kind {
            PathKind::Folder => self.folder(relative),
            PathKind::File => self.found.push(self.root.join(relative)),
        }
    }

    /// The innermost file that says something of it decides.
    fn ignores(&self, path: &[u8], kind: PathKind) -> bool {
        let verdict = |rules: &Rules| rules.gitignore.ignores(&path[rules.below..], kind);
        self.rules.iter().rev().find_map(verdict).unwrap_or(false)
    }

    fn fail(&mut self, path: &Path, error: &std::io::Error) {
        self.failed.push(Problem::new(
            self.root,
            format!("{}: {error}", path.display()),
            "a readable file or folder",
            "make it readable or add it to .gitignore",
        ));
    }
}
