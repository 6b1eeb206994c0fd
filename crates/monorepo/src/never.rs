//! What never belongs in the build context, whatever git ignores.

use std::ffi::OsStr;
use std::path::Path;

/// Names that never belong in an image or its build, wherever they are and whatever git says.
///
/// Written in the pattern language of `.dockerignore`.
pub const NEVER: &[&str] = &[
    "**/.git",
    "**/node_modules",
    "**/*.local.yaml",
    "**/*.local.yml",
    "**/.env",
    "**/.env.*",
    "**/.DS_Store",
    "**/skeleton.tar.gz",
    "**/bundle.tar.gz",
    "**/Dockerfile.flightcontrol",
    "**/Dockerfile.flightcontrol.dockerignore",
    "**/.yarn/install-state.gz",
    "**/.yarn/build-state.yml",
    "**/.yarn/unplugged",
];

/// Those of [`NEVER`] that are folders.
const NEVER_FOLDERS: &[&str] = &["**/.git", "**/node_modules", "**/.yarn/unplugged"];

/// What a build leaves and [`NEVER`], for the end of a list that begins with `rules`.
///
/// BuildKit forgets that a folder matches a pattern when an earlier one had matched it already
/// (`moby/patternmatcher`, `MatchesUsingParentResults`); an exception in between would then bring back what is
/// in the folder. A pattern for the content itself does not depend on what the folder matched.
pub(crate) fn never_after(rules: &[String], outputs: impl IntoIterator<Item = String>) -> Vec<String> {
    let outputs: Vec<String> = outputs.into_iter().collect();
    let has_exceptions = rules.iter().any(|rule| rule.starts_with('!'));
    let folders = outputs.iter().map(String::as_str).chain(NEVER_FOLDERS.iter().copied());
    let contents: Vec<_> = folders.filter(|_| has_exceptions).map(content_of).collect();
    let names = NEVER.iter().map(|pattern| (*pattern).to_owned());
    outputs.iter().cloned().chain(names).chain(contents).collect()
}

/// A pattern for what is in a folder.
pub(crate) fn content_of(folder: &str) -> String {
    format!("{folder}/**")
}

/// Whether a file or folder is one of [`NEVER`].
pub(crate) fn never_in_context(name: &OsStr, path: &Path) -> bool {
    let name = name.to_string_lossy();
    match &*name {
        ".git"
        | "node_modules"
        | ".env"
        | ".DS_Store"
        | "skeleton.tar.gz"
        | "bundle.tar.gz"
        | "Dockerfile.flightcontrol"
        | "Dockerfile.flightcontrol.dockerignore" => true,
        "install-state.gz" | "build-state.yml" | "unplugged" => {
            path.parent().and_then(Path::file_name) == Some(OsStr::new(".yarn"))
        }
        name => name.starts_with(".env.") || name.ends_with(".local.yaml") || name.ends_with(".local.yml"),
    }
}
