//! Folders of tests and documentation at the top of a package, and whether something leads into them.

use std::fs;
use std::path::Path;

use super::manifest::Package;
use super::tree::list;
use crate::error::ImageError;

/// Names of such folders.
const NAMES: &[&str] = &[
    ".github",
    "__tests__",
    "bench",
    "benchmark",
    "benchmarks",
    "coverage",
    "doc",
    "docs",
    "example",
    "examples",
    "spec",
    "test",
    "tests",
];

/// The folders of an installed package that may go: no entry point leads there, and no program of the
/// package names them as a path.
pub(super) fn unused(package: &Package) -> Result<Vec<String>, ImageError> {
    let mut folders: Vec<_> = list(&package.host)?
        .iter()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| NAMES.contains(&name.to_lowercase().as_str()) && !package.leads_into(name))
        .collect();
    if !folders.is_empty() {
        let skipped = folders.clone();
        strike_named(&package.host, &skipped, &mut folders)?;
    }
    Ok(folders)
}

/// Takes away the folders that some program below `folder` names.
fn strike_named(folder: &Path, skipped: &[String], folders: &mut Vec<String>) -> Result<(), ImageError> {
    for entry in list(folder)? {
        let kind = entry.file_type().map_err(ImageError::io("looking at", &entry.path()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if folders.is_empty() {
            break;
        } else if kind.is_dir() && name != "node_modules" && !skipped.contains(&name.as_ref().to_owned()) {
            strike_named(&entry.path(), &[], folders)?;
        } else if kind.is_file() && [".js", ".cjs", ".mjs"].iter().any(|end| name.ends_with(end)) {
            let text = fs::read(entry.path()).map_err(ImageError::io("reading", &entry.path()))?;
            folders.retain(|folder| !names_path(&text, folder.as_bytes()));
        }
    }
    Ok(())
}

/// Whether a text has the name as a relative path, or alone in quotes as an argument.
fn names_path(text: &[u8], name: &[u8]) -> bool {
    let is_quote = |byte: Option<&u8>| byte.is_some_and(|byte| b"'\"`".contains(byte));
    let found = text.windows(name.len()).enumerate().filter(|(_, window)| *window == name);
    found.map(|(start, _)| (&text[..start], &text[start + name.len()..])).any(|(before, after)| {
        let ends = is_quote(after.first()) || after.first() == Some(&b'/');
        let starts_path = before.ends_with(b"./") || (is_quote(before.last()) && after.first() == Some(&b'/'));
        let is_argument = is_quote(before.last()) && before[..before.len() - 1].trim_ascii_end().ends_with(b",");
        ends && (starts_path || is_argument)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_only_as_a_path() {
        for text in ["require('./test/a')", "`../../test`", "join(root, 'test')", "join(a,\"test\", b)", "'test/a.js'"]
        {
            assert!(names_path(text.as_bytes(), b"test"), "{text}");
        }
        for text in ["test", "it.test('x')", "'./latest/'", "'./tests/'", "https://a.b/test/", "{'test': 1}"] {
            assert!(!names_path(text.as_bytes(), b"test"), "{text}");
        }
    }
}
