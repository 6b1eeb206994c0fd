//! What was vendored, so that an edit is known from an older version.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use builder::sha256_of;
use diagnostics::{Problem, Problems};
use serde::{Deserialize, Serialize};

use super::FOLDER;
use super::copy::{FileKind, VendoredFile};

/// Where it is, relative to the monorepo.
pub(super) const PATH: &str = "tools/backstage-xtask/vendored.json";

/// The files as this program wrote them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// Version of the copy.
    pub(super) version: String,
    /// Digest of each file's text, by path relative to the monorepo.
    pub(super) files: BTreeMap<String, String>,
    /// The templates themselves: what a merge begins from.
    pub(super) templates: BTreeMap<String, String>,
}

impl Record {
    /// The record of a copy of these files.
    pub(super) fn of(files: &[VendoredFile]) -> Self {
        let templates = files.iter().filter(|file| file.kind == FileKind::Template);
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            files: files.iter().map(|file| (file.path.clone(), digest(&file.text))).collect(),
            templates: templates.map(|file| (file.path.clone(), file.text.clone())).collect(),
        }
    }

    /// The record in the monorepo; nothing where nothing was vendored.
    ///
    /// # Errors
    /// It cannot be read, or is another program's.
    pub(super) fn read(root: &Path) -> Result<Option<Self>, Problems> {
        let path = root.join(PATH);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Problem::unreadable(&path, &error).into()),
        };
        let broken = |error: serde_json::Error| {
            let next = format!("restore it with `git checkout -- {PATH}`, or delete {FOLDER} and vendor anew");
            Problem::new(&path, error.to_string(), "the list of vendored files", next)
        };
        let record: Self = serde_json::from_str(&text).map_err(broken)?;
        match record.files.keys().chain(record.templates.keys()).find(|path| !is_inside(path)) {
            None => Ok(Some(record)),
            Some(outside) => {
                let next = format!("restore it with `git checkout -- {PATH}`");
                Err(Problem::new(&path, format!("the path {outside:?}"), "paths of vendored files", next).into())
            }
        }
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Whether this program could have written it.
fn is_inside(path: &str) -> bool {
    let below = path.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/'));
    let is_plain = |rest: &str| rest.split('/').all(|part| !matches!(part, "" | "." | ".."));
    matches!(path, "Cargo.toml" | "Cargo.lock") || below.is_some_and(is_plain)
}

/// Digest of a file's text.
pub(super) fn digest(text: &str) -> String {
    sha256_of(std::iter::once(text))
}
