//! The files of a vendored copy.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{FOLDER, root_files};
use crate::exit::WrongUsage;

/// This package in the source that was compiled.
const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");
/// What a copy consists of. Tests stay behind: nobody wants their planted secrets in a repository.
const PARTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "rustfmt.toml",
    "assets",
    "crates",
    "docs",
    "xtask",
];

/// What an edit of a file means when a newer version comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Nobody is expected to edit it.
    Source,
    /// For the user to edit: their lines and the new ones are merged.
    Template,
    /// Made from others by cargo.
    Generated,
}

/// A file as it should be.
#[derive(Debug, Clone)]
pub(super) struct VendoredFile {
    /// Relative to the monorepo.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) kind: FileKind,
}

/// Every file of a copy of this version.
///
/// # Errors
/// This program was itself compiled in a vendored copy, or a source cannot be read.
pub(super) fn files() -> Result<Vec<VendoredFile>> {
    let root = Path::new(PACKAGE).parent().unwrap_or(Path::new("/"));
    if !root.join("Cargo.toml").is_file() {
        let hint = "run `cargo xtask vendor` in the folder of backstage-xtask itself";
        return Err(WrongUsage::new("this is a vendored copy, and passes on no other").hint(hint).into());
    }
    let mut sources = Vec::new();
    for part in PARTS {
        let path = root.join(part);
        collect(&path, &mut sources).with_context(|| format!("reading {}", path.display()))?;
    }
    sources.sort();
    sources.iter().map(|path| read(root, path)).collect()
}

fn read(root: &Path, source: &Path) -> Result<VendoredFile> {
    let doing = || format!("reading {}", source.display());
    let path = source.strip_prefix(root)?.to_str().context("paths are UTF-8").with_context(doing)?;
    Ok(wanted(path, &std::fs::read_to_string(source).with_context(doing)?))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(".");
        let is_test = path.is_dir() && name == "tests";
        if !is_test && !name.starts_with('.') && name != "target" {
            collect(&path, files)?;
        }
    }
    Ok(())
}

fn wanted(path: &str, text: &str) -> VendoredFile {
    let inside = || format!("{FOLDER}/{path}");
    let (path, text, kind) = match path {
        "Cargo.toml" => (path.to_owned(), root_files::workspace(text), FileKind::Template),
        "Cargo.lock" => (path.to_owned(), text.to_owned(), FileKind::Generated),
        "xtask/Cargo.toml" => (inside(), without_tests(text), FileKind::Source),
        _ if path.starts_with("assets/") => (inside(), text.to_owned(), FileKind::Template),
        _ => (inside(), text.to_owned(), FileKind::Source),
    };
    VendoredFile { path, text, kind }
}

/// A manifest without its `[[test]]` tables: cargo wants the files they name.
fn without_tests(manifest: &str) -> String {
    let mut is_test = false;
    let kept = manifest.lines().filter(|line| {
        if line.starts_with('[') {
            is_test = *line == "[[test]]";
        }
        !is_test
    });
    let kept: Vec<_> = kept.collect();
    kept.join("\n").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> String {
        files().unwrap().into_iter().find(|file| file.path == path).unwrap().text
    }

    #[test]
    fn a_copy_has_sources_and_templates_and_no_tests() {
        let paths: Vec<String> = files().unwrap().into_iter().map(|file| file.path).collect();
        for path in ["Cargo.toml", "Cargo.lock", "tools/backstage-xtask/assets/Dockerfile.flightcontrol"] {
            assert!(paths.iter().any(|found| found == path), "{path}");
        }
        assert!(paths.iter().all(|path| !path.contains("/tests/") && !path.contains("/target/")));
        assert!(!paths.contains(&"tools/backstage-xtask/Cargo.toml".to_owned()), "a workspace in a workspace");
    }

    #[test]
    fn every_path_of_the_workspace_leads_into_the_copy() {
        let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
        let workspace = &manifest["workspace"];
        let members = workspace["members"].as_array().unwrap().iter();
        let paths = workspace["dependencies"].as_table().unwrap().values().filter_map(|package| package.get("path"));
        let all: Vec<_> = members.chain(paths).map(|path| path.as_str().unwrap()).collect();
        assert!(all.len() > 6 && all.iter().all(|path| path.starts_with("tools/backstage-xtask/")), "{all:?}");
    }

    #[test]
    fn a_manifest_loses_its_tests_alone() {
        let manifest = text("tools/backstage-xtask/xtask/Cargo.toml");
        assert!(!manifest.contains("[[test]]") && !manifest.contains("tests/"), "{manifest}");
        assert!(manifest.contains("[features]") && manifest.contains("[dev-dependencies]"), "{manifest}");
        assert_eq!(without_tests("[a]\nb = 1\n\n[[test]]\nc = 2\n\n[d]\ne = 3\n"), "[a]\nb = 1\n\n[d]\ne = 3\n");
    }
}
