//! Whether `node packages/backend` finds something to run.

use diagnostics::{At, Finding, FindingText};
use serde_json::Value;

use crate::checks::Context;
use crate::codes::NO_MAIN;
use crate::entry::normal_path;

/// What Node appends, in its order, to a `main` that names no file (`LOAD_AS_FILE`, `LOAD_INDEX`).
pub(crate) const TRIED: &[&str] = &["", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node"];

/// The target of the backend's `main` is missing: it was packed without being built.
pub(crate) fn missing(context: &Context<'_>) -> Vec<Finding> {
    let backend = context.repo.backend();
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let Some(manifest) = content.manifests.get(&backend.manifest_path()).and_then(|manifest| manifest.json()) else {
        return Vec::new();
    };
    let main = manifest.get("main").and_then(Value::as_str).filter(|main| !main.is_empty()).unwrap_or("index.js");
    let target = without_dots(&format!("{}/{main}", backend.folder));
    if TRIED.iter().any(|end| content.has_file(&format!("{target}{end}"))) {
        return Vec::new();
    }
    let expected = format!("{target}, the \"main\" of {}", backend.name);
    let next = format!(
        "run `cargo xtask build-image`; if it stays, see whether `yarn workspace {} build` makes the file and \"files\" includes it",
        backend.name
    );
    vec![NO_MAIN.finding(
        At::entry(context.bundle.name, &target).key("main"),
        FindingText { expected: &expected, found: "no such file", next: &next },
    )]
}

pub(crate) fn without_dots(path: &str) -> String {
    let normal = normal_path(path);
    let mut parts = Vec::new();
    for part in normal.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}
