//! Which line of the repository a finding is about.

use std::path::Path;

use diagnostics::Finding;
use monorepo::{Monorepo, Workspace};

/// A line of a file, for tools that annotate sources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Path relative to the checkout.
    pub(crate) file: String,
    /// Line, from 1.
    pub(crate) line: usize,
}

/// Finds the places of findings in a checkout.
pub(crate) struct Places<'a> {
    repo: Option<&'a Monorepo>,
    /// Where in a subject the repository's files are: empty, or with a slash at its end.
    inside: String,
    /// From the checkout to the repository: empty, or with a slash at its end.
    prefix: String,
}

impl<'a> Places<'a> {
    /// Places in the repository, which may be a folder of what was checked out (`GITHUB_WORKSPACE`).
    pub(crate) fn new(repo: &'a Monorepo, checkout: Option<&Path>) -> Self {
        Self::in_image(Some(repo), "", checkout)
    }

    /// Places of findings in an image, where the repository's files are in `folder`.
    pub(crate) fn in_image(repo: Option<&'a Monorepo>, folder: &str, checkout: Option<&Path>) -> Self {
        let prefix = repo.and_then(|repo| between(checkout?, &repo.root)).unwrap_or_default();
        let folder = folder.trim_matches('/');
        Self { repo, inside: if folder.is_empty() { String::new() } else { format!("{folder}/") }, prefix }
    }

    /// The file of the repository that the entry is, else the manifest of the package it belongs to, else the
    /// backend's; there the key that the finding names, else the package's name. Nothing without a repository.
    pub(crate) fn of(&self, finding: &Finding) -> Option<Place> {
        let repo = self.repo?;
        if let Some(line) = finding.line {
            return Some(Place { file: format!("{}{}", self.prefix, finding.subject), line });
        }
        let entry = finding.entry.as_deref().unwrap_or_default();
        let file = file(repo, entry.strip_prefix(&self.inside).unwrap_or(entry));
        let text = match file.ends_with("package.json") {
            true => std::fs::read_to_string(repo.root.join(&file)).unwrap_or_default(),
            false => String::new(),
        };
        let line = finding.key.as_deref().and_then(|key| line_of(&text, key)).or_else(|| line_of(&text, "name"));
        Some(Place { file: format!("{}{file}", self.prefix), line: line.unwrap_or(1) })
    }
}

/// The way from one folder to another below it.
fn between(checkout: &Path, root: &Path) -> Option<String> {
    let (checkout, root) = (checkout.canonicalize().ok()?, root.canonicalize().ok()?);
    let way = root.strip_prefix(checkout).ok()?.to_str().filter(|way| !way.is_empty())?;
    Some(format!("{way}/"))
}

fn file(repo: &Monorepo, entry: &str) -> String {
    let entry = entry.trim_start_matches("./");
    if repo.tree.get(entry).is_some() {
        return entry.to_owned();
    }
    let holds = |package: &&Workspace| entry.strip_prefix(&package.folder).is_some_and(|rest| rest.starts_with('/'));
    let owner = repo.workspaces.iter().filter(holds).max_by_key(|package| package.folder.len());
    owner.unwrap_or_else(|| repo.backend()).manifest_path()
}

/// The first line that begins a value of this key.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let quoted = serde_json::to_string(key).ok()?;
    let is_key = |line: &str| line.split_once(&quoted).is_some_and(|(_, rest)| rest.trim_start().starts_with(':'));
    text.lines().position(is_key).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_no_value() {
        let text = "{\n  \"a\": \"name\",\n  \"name\" : \"x\"\n}";
        assert_eq!(line_of(text, "name"), Some(3));
        assert_eq!(line_of(text, "x"), None);
        assert_eq!(line_of("", "x"), None);
    }

    #[test]
    fn a_repository_may_be_a_folder_of_the_checkout() {
        let checkout = tempfile::tempdir().unwrap();
        let root = checkout.path().join("portal/backstage");
        std::fs::create_dir_all(&root).unwrap();
        assert_eq!(between(checkout.path(), &root).as_deref(), Some("portal/backstage/"));
        assert_eq!(between(&root, &root), None);
        assert_eq!(between(&root, checkout.path()), None, "a checkout of something else");
        assert_eq!(between(&checkout.path().join("none"), &root), None);
    }
}
