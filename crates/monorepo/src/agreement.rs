//! Whether the lockfile and the manifests agree.

use std::collections::BTreeMap;

use diagnostics::Problem;

use crate::lockfile::{LOCKFILE, LockEntry, Lockfile};
use crate::manifest::Manifest;

/// The command that brings a lockfile back in step.
const MEND: &str = "run `yarn install` and commit yarn.lock";

/// Compares the dependencies of a manifest with those the lockfile recorded for its workspace.
///
/// Yarn records `dependencies`, `devDependencies` and `optionalDependencies` of every workspace under
/// one `dependencies` map, each range with its protocol (`npm:` when none is written).
pub(crate) fn disagreements(lockfile: &Lockfile, name: &str, folder: &str, manifest: &Manifest) -> Vec<Problem> {
    let path = if folder == "." { "package.json".to_owned() } else { format!("{folder}/package.json") };
    let Some(entry) = lockfile.workspace(name, folder) else {
        return vec![Problem::new(
            LOCKFILE,
            format!("no entry for the workspace {name} ({path})"),
            format!("\"{name}@workspace:{folder}\""),
            MEND,
        )];
    };
    let declared = declared(manifest);
    let mut problems = missing(entry, &declared, &path);
    problems.extend(left_over(entry, &declared, &path));
    problems
}

fn declared(manifest: &Manifest) -> BTreeMap<&str, &str> {
    // The order is Yarn's: a production dependency wins over a development one of the same name.
    [&manifest.dev_dependencies, &manifest.dependencies, &manifest.optional_dependencies]
        .into_iter()
        .flatten()
        .map(|(name, range)| (name.as_str(), range.as_str()))
        .collect()
}

fn missing(entry: &LockEntry, declared: &BTreeMap<&str, &str>, path: &str) -> Vec<Problem> {
    let check = |(name, range): (&&str, &&str)| {
        let found = match entry.dependencies.get(*name) {
            Some(locked) if same_range(range, locked) => return None,
            Some(locked) => format!("{name} at {}", without_npm(locked)),
            None => format!("no {name}"),
        };
        let found = format!("{found} for the workspace {}", entry.name());
        Some(Problem::new(LOCKFILE, found, format!("{name} at {range}, as {path} says"), MEND).at(entry.line, 1))
    };
    declared.iter().filter_map(check).collect()
}

fn left_over(entry: &LockEntry, declared: &BTreeMap<&str, &str>, path: &str) -> Vec<Problem> {
    let extra = entry.dependencies.keys().filter(|name| !declared.contains_key(name.as_str()));
    extra
        .map(|name| {
            let found = format!("{name} for the workspace {}", entry.name());
            Problem::new(LOCKFILE, found, format!("only what {path} declares"), MEND).at(entry.line, 1)
        })
        .collect()
}

/// Ranges with a protocol other than `npm:` are rewritten by Yarn (`patch:` is escaped, `link:` bound to
/// its place), so only plain ones can be compared.
fn same_range(declared: &str, locked: &str) -> bool {
    let (declared, locked) = (without_npm(declared), without_npm(locked));
    declared.contains(':') || declared.contains('/') || declared.trim() == locked.trim()
}

fn without_npm(range: &str) -> &str {
    range.strip_prefix("npm:").unwrap_or(range)
}
