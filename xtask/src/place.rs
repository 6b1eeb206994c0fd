//! Which line of the repository a finding is about.

use monorepo::{Finding, Monorepo, Workspace};

/// A line of a file, for tools that annotate sources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Path relative to the root.
    pub(crate) file: String,
    /// Line, from 1.
    pub(crate) line: usize,
}

/// The file of the repository that the entry is, else the manifest of the package it belongs to, else the
/// backend's; there the key that the finding names, else the package's name.
pub(crate) fn place(repo: &Monorepo, finding: &Finding) -> Place {
    let file = file(repo, finding.entry.as_deref().unwrap_or_default());
    let text = match file.ends_with("package.json") {
        true => std::fs::read_to_string(repo.root.join(&file)).unwrap_or_default(),
        false => String::new(),
    };
    let line = finding.key.as_deref().and_then(|key| line_of(&text, key)).or_else(|| line_of(&text, "name"));
    Place { file, line: line.unwrap_or(1) }
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
}
