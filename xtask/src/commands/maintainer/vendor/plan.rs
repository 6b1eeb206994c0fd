//! What has to be written, merged and removed, and what is in the way.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::Result;
use diagnostics::{Problem, Problems, write_hint};

use super::copy::{FileKind, VendoredFile};
use super::merge::{Merged, merge};
use super::record::{Record, digest};
use super::root_files;
use crate::difference::difference;

/// A file to write, relative to the monorepo.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) text: String,
}

/// A file that is somebody else's, or was edited where this version changes it.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) path: String,
    /// What this version has there.
    pub(super) wanted: String,
    why: &'static str,
    /// The two sides.
    shown: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, why, shown, .. } = self;
        write!(out, "{path} {why}\n{}", shown.trim_end())?;
        let hint = format!(
            "bring your edit into line with what is shown, or add `--force`: {path} will be this version's, and yours \
             will be {}",
            aside(path)
        );
        write_hint(out, Some(&hint))
    }
}

/// Where `--force` puts a file that was edited.
pub(super) fn aside(path: &str) -> String {
    format!("{path}.yours")
}

/// Everything there is to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) changes: Vec<Change>,
    /// Of the changes, those that hold the user's edits too.
    pub(super) merged: Vec<String>,
    pub(super) conflicts: Vec<Conflict>,
    /// Files of the older version that this one has no more.
    pub(super) removed: Vec<String>,
    /// The same, but edited: they stay.
    pub(super) left: Vec<String>,
    pub(super) record: Record,
}

impl Plan {
    /// Compares what is there with what should be.
    ///
    /// # Errors
    /// A file cannot be read, is somebody else's before anything was vendored, or git cannot merge.
    pub(super) fn make(root: &Path, files: &[VendoredFile], record: Option<&Record>) -> Result<Self> {
        let mut plan = Self { record: Record::of(files), ..Self::default() };
        let mut problems = Vec::new();
        for file in files {
            let found = read(root, &file.path)?;
            match (found, record) {
                (None, _) => plan.write(&file.path, &file.text),
                (Some(found), _) if found == file.text => {}
                (Some(_), None) => problems.push(in_the_way(root, &file.path)),
                (Some(found), Some(record)) => plan.bring_forward(file, &found, record)?,
            }
        }
        match root_files::changes(root) {
            Ok(changes) => plan.changes.extend(changes),
            Err(Problems(more)) => problems.extend(more),
        }
        if !problems.is_empty() {
            return Err(Problems(problems).into());
        }
        plan.take_away(root, files, record)?;
        Ok(plan)
    }

    /// Whether the monorepo is as it should be.
    pub(super) fn is_done(&self) -> bool {
        self.changes.is_empty() && self.conflicts.is_empty() && self.removed.is_empty()
    }

    fn write(&mut self, path: &str, text: &str) {
        self.changes.push(Change { path: path.to_owned(), text: text.to_owned() });
    }

    /// A file of the older version.
    fn bring_forward(&mut self, file: &VendoredFile, found: &str, record: &Record) -> Result<()> {
        let VendoredFile { path, text, kind } = file;
        let written = record.files.get(path);
        if written == Some(&digest(text)) {
            return Ok(()); // An edit, of what this version does not change.
        }
        if written == Some(&digest(found)) || *kind == FileKind::Generated {
            self.write(path, text);
            return Ok(());
        }
        let Some(original) = record.templates.get(path) else {
            self.conflict(path, text, "was edited by hand", difference(path, found, text));
            return Ok(());
        };
        match merge(original, found, text)? {
            Merged::Clean(merged) if merged == found => {}
            Merged::Clean(merged) => {
                self.write(path, &merged);
                self.merged.push(path.clone());
            }
            Merged::Conflict(shown) => {
                self.conflict(path, text, "was edited where this version changes it", conflicts(&shown));
            }
        }
        Ok(())
    }

    fn conflict(&mut self, path: &str, wanted: &str, why: &'static str, shown: String) {
        self.conflicts.push(Conflict { path: path.to_owned(), wanted: wanted.to_owned(), why, shown });
    }

    fn take_away(&mut self, root: &Path, files: &[VendoredFile], record: Option<&Record>) -> Result<(), Problems> {
        let wanted: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let old = record.into_iter().flat_map(|record| &record.files);
        for (path, written) in old.filter(|(path, _)| !wanted.contains(path.as_str())) {
            match read(root, path)? {
                None => {}
                Some(found) if digest(&found) == *written => self.removed.push(path.clone()),
                Some(_) => self.left.push(path.clone()),
            }
        }
        Ok(())
    }
}

/// The text of a file, if there is one.
pub(super) fn read(root: &Path, path: &str) -> Result<Option<String>, Problems> {
    match std::fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::unreadable(&root.join(path), &error).into()),
    }
}

fn in_the_way(root: &Path, path: &str) -> Problem {
    let (expected, next) = match path {
        "Cargo.toml" | "Cargo.lock" => (
            "no Rust workspace: `cargo xtask` is found from any folder only by the one in the root",
            "use the program by itself: `cargo install --path xtask` in the folder of backstage-xtask, then \
             `backstage-xtask build-image`",
        ),
        _ => ("no file", "move it away"),
    };
    Problem::new(root.join(path), "a file of your own", expected, next)
}

/// The marked parts of a merge alone.
fn conflicts(text: &str) -> String {
    let mut is_inside = false;
    let shown = text.lines().filter(|line| {
        let begins = line.starts_with("<<<<<<< ");
        let ends = line.starts_with(">>>>>>> ");
        is_inside |= begins;
        let shown = is_inside;
        is_inside &= !ends;
        shown
    });
    shown.collect::<Vec<_>>().join("\n")
}
