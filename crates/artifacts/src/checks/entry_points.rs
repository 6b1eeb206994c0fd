//! Whether what a package's manifest offers to import is in the bundle.

use std::collections::BTreeMap;

use diagnostics::{At, Finding, FindingText};
use monorepo::Workspace;
use serde_json::Value;

use crate::checks::Context;
use crate::checks::main_file::{TRIED, without_dots};
use crate::codes::NO_ENTRY_POINT;
use crate::content::Content;

/// The conditions under which Node takes a target of `exports`.
const CONDITIONS: &[&str] = &["node", "import", "require", "default"];

/// Targets of one package that are looked at; each pattern among them is compared with many paths.
const MOST_TARGETS: usize = 500;

/// Targets of `main`, `module` and `exports` that are missing: a package packed without being built. The
/// backend's `main` has a finding of its own.
pub(crate) fn missing(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let packages = context.repo.production_packages().into_iter();
    let imported = packages.filter(|package| !package.manifest.bundled && !package.is_bundle());
    imported.flat_map(|package| of_package(context, content, package)).collect()
}

fn of_package(context: &Context<'_>, content: &Content, package: &Workspace) -> Vec<Finding> {
    let Some(manifest) = content.manifests.get(&package.manifest_path()).and_then(|manifest| manifest.json()) else {
        return Vec::new();
    };
    let mut targets = targets(manifest);
    if package.name == context.repo.backend().name {
        targets.retain(|_, field| *field != "main");
    }
    let lacking =
        targets.into_iter().take(MOST_TARGETS).map(|(target, field)| (format!("{}/{target}", package.folder), field));
    let finding = |(target, field): (String, &str)| {
        let path = without_dots(&target);
        let expected = format!("{path}, the \"{field}\" of {}", package.name);
        let next = format!(
            "run `cargo xtask build-image`; if it stays, see whether `yarn workspace {} build` makes the file and \"files\" includes it",
            package.name
        );
        NO_ENTRY_POINT.finding(
            At::entry(context.bundle.name, &path).key(field),
            FindingText { expected: &expected, found: "no such file", next: &next },
        )
    };
    lacking.filter(|(target, field)| !is_there(content, target, field)).map(finding).collect()
}

/// Targets with the field that names them, the first of `main`, `module` and `exports`.
pub(crate) fn targets(manifest: &Value) -> BTreeMap<String, &'static str> {
    let mut targets = BTreeMap::new();
    let mut add = |target: &str, field| {
        targets.entry(target.trim_start_matches("./").to_owned()).or_insert(field);
    };
    for field in ["main", "module"] {
        let target = manifest.get(field).and_then(Value::as_str).filter(|target| !target.is_empty());
        target.into_iter().for_each(|target| add(target, field));
    }
    let mut exported = Vec::new();
    manifest.get("exports").into_iter().for_each(|exports| collect(exports, &mut exported));
    exported.into_iter().for_each(|target| add(target, "exports"));
    targets
}

fn collect<'a>(exports: &'a Value, found: &mut Vec<&'a str>) {
    match exports {
        Value::String(target) if target.starts_with("./") => found.push(target),
        Value::Array(targets) => targets.iter().for_each(|target| collect(target, found)),
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| key.starts_with('.') || CONDITIONS.contains(&key.as_str()))
            .for_each(|(_, target)| collect(target, found)),
        _ => {}
    }
}

/// `exports` means exact files, or patterns of them; the older fields are completed.
fn is_there(content: &Content, target: &str, field: &str) -> bool {
    if let (Some((start, end)), "exports") = (target.split_once('*'), field) {
        return content.has_file_between(start, end);
    }
    let path = without_dots(target);
    let ends = if field == "exports" { &TRIED[..1] } else { TRIED };
    ends.iter().any(|end| content.has_file(&format!("{path}{end}")))
        || (target.ends_with('/') && content.has_files_under(&path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn targets_that_node_would_take() {
        let manifest = json!({
            "main": "dist/index.cjs.js",
            "module": "./dist/index.esm.js",
            "types": "dist/index.d.ts",
            "exports": {
                ".": {
                    "backstage": "@backstage/BackendFeature",
                    "development": "./src/index.ts",
                    "types": "./dist/index.d.ts",
                    "import": "./dist/index.esm.js",
                    "require": ["./dist/index.cjs.js", "./dist/old.js"]
                },
                "./internal/*": null,
                "./features/*": "./dist/features/*.js"
            }
        });
        let targets: Vec<_> = targets(&manifest).into_iter().collect();
        let expected = [
            ("dist/features/*.js", "exports"),
            ("dist/index.cjs.js", "main"),
            ("dist/index.esm.js", "module"),
            ("dist/old.js", "exports"),
        ];
        assert_eq!(targets, expected.map(|(target, field)| (target.to_owned(), field)));
    }
}
