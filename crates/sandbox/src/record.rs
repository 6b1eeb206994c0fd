//! What we remember of a step that succeeded: enough to know whether it must run again, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;

use process::{EngineError, fs};
use serde::{Deserialize, Serialize};

use crate::tree::{Files, Stamps};

/// How many changed inputs a reason names before it only counts them.
const NAMED: usize = 5;

/// What a step ran with; equal ones give equal results.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Basis {
    /// Digest of the builder's root file system.
    pub(crate) builder: String,
    /// Digest of the commands and their environment.
    pub(crate) commands: String,
    /// Keys of the steps before it, by name.
    pub(crate) needs: BTreeMap<String, String>,
}

/// A step that succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// What it ran with.
    pub(crate) basis: Basis,
    /// The files it read.
    pub(crate) files: Stamps,
    /// Keys of the packages it built one by one, by folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) packages: BTreeMap<String, String>,
}

/// The records of a repository's steps.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    folder: PathBuf,
}

impl Records {
    /// The records in this folder.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether the step's last run succeeded and had this key. (A file of its own: the record of a large
    /// repository is megabytes.)
    pub(crate) fn is_current(&self, step: &str, key: &str) -> bool {
        std::fs::read_to_string(self.key_file(step)).is_ok_and(|found| found == key)
    }

    /// What the step's last run read, whether or not it succeeded since; a broken record counts as none.
    pub(crate) fn last(&self, step: &str) -> Option<Record> {
        serde_json::from_slice(&std::fs::read(self.record_file(step)).ok()?).ok()
    }

    /// Whether the step was begun and did not end.
    pub(crate) fn is_unfinished(&self, step: &str) -> bool {
        !self.key_file(step).exists()
    }

    /// From here until [`Records::succeeded`] the step's work tree is in an unknown state.
    pub(crate) fn begin(&self, step: &str) -> Result<(), EngineError> {
        fs::remove(&self.key_file(step))
    }

    /// The step's work tree holds the result for this key.
    pub(crate) fn succeeded(&self, step: &str, key: &str, record: &Record) -> Result<(), EngineError> {
        let text = serde_json::to_vec(record)
            .map_err(|error| EngineError::Io { doing: "writing a step's record".to_owned(), source: error.into() })?;
        fs::create(&self.folder)?;
        fs::write(&self.record_file(step), &text)?;
        fs::write(&self.key_file(step), key.as_bytes())
    }

    fn key_file(&self, step: &str) -> PathBuf {
        self.folder.join(format!("{step}.key"))
    }

    fn record_file(&self, step: &str) -> PathBuf {
        self.folder.join(format!("{step}.json"))
    }
}

/// Why a step runs, given what it last ran with: a clause each.
pub(crate) fn reasons(last: Option<&Record>, now: &Basis, files: &Files) -> Vec<String> {
    let Some(last) = last else { return vec!["it has not run before".to_owned()] };
    let mut reasons = Vec::new();
    if last.basis.builder != now.builder {
        reasons.push("the builder's root file system changed".to_owned());
    }
    if last.basis.commands != now.commands {
        reasons.push("its commands changed".to_owned());
    }
    for (need, key) in &now.needs {
        if last.basis.needs.get(need) != Some(key) {
            reasons.push(format!("{need} ran with other inputs"));
        }
    }
    let differs = |path: &&String| last.files.get(*path).is_some_and(|stamp| !stamp.is_of(&files[*path]));
    reasons.extend(named("changed", files.keys().filter(differs)));
    reasons.extend(named("added", files.keys().filter(|path| !last.files.contains_key(*path))));
    reasons.extend(named("removed", last.files.keys().filter(|path| !files.contains_key(*path))));
    if reasons.is_empty() {
        reasons.push("its last run did not end, or its result is gone".to_owned());
    }
    reasons
}

fn named<'a>(what: &str, paths: impl Iterator<Item = &'a String>) -> Option<String> {
    let paths: Vec<&str> = paths.map(String::as_str).collect();
    let more = paths.len().saturating_sub(NAMED);
    let list = paths[..paths.len() - more].join(", ");
    match (paths.len(), more) {
        (0, _) => None,
        (_, 0) => Some(format!("{what}: {list}")),
        _ => Some(format!("{what}: {list} and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Content, synchronise};

    fn files<const N: usize>(list: [(&str, &str); N]) -> Files {
        list.into_iter().map(|(path, text)| (path.to_owned(), Content::Text(text.to_owned()))).collect()
    }

    fn record(files: &Files) -> Record {
        let tree = tempfile::tempdir().unwrap();
        let mut record = Record::default();
        synchronise(tree.path(), tree.path(), files, &mut record.files, &|_| false).unwrap();
        record
    }

    #[test]
    fn every_changed_input_is_named() {
        let before = record(&files([("a", "1"), ("b", "1"), ("c", "1")]));
        let now = Basis {
            builder: "other".to_owned(),
            needs: BTreeMap::from([("install".to_owned(), "key".to_owned())]),
            ..Basis::default()
        };
        assert_eq!(
            reasons(Some(&before), &now, &files([("a", "1"), ("b", "2"), ("d", "1")])),
            [
                "the builder's root file system changed",
                "install ran with other inputs",
                "changed: b",
                "added: d",
                "removed: c"
            ]
        );
        assert_eq!(reasons(None, &now, &Files::new()), ["it has not run before"]);
    }

    #[test]
    fn many_inputs_are_counted() {
        let paths = ["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned);
        assert_eq!(named("added", paths.iter()).unwrap(), "added: a, b, c, d, e and 2 more");
    }

    #[test]
    fn a_step_that_began_and_did_not_end_is_not_current() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::at(folder.path().join("records"));
        records.succeeded("install", "key", &Record::default()).unwrap();
        assert!(records.is_current("install", "key") && !records.is_current("install", "other"));
        records.begin("install").unwrap();
        assert!(records.is_unfinished("install") && records.last("install").is_some());
        std::fs::write(folder.path().join("records/install.json"), "{\"basis\": 1").unwrap();
        assert_eq!(records.last("install"), None);
    }
}
