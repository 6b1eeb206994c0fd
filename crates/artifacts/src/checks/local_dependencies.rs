//! Whether local dependencies come along.

use diagnostics::{At, Finding, FindingText};
use monorepo::{DEPENDENCY_MAPS, Workspace};
use serde_json::Value;

use crate::checks::Context;
use crate::codes::NO_LOCAL_DEPENDENCY;
use crate::content::Content;
use crate::entry::normal_path;

/// Maps that a production install of a workspace ignores.
const NOT_INSTALLED: &[&str] = &["devDependencies", "peerDependencies"];

/// Dependencies on something local that is neither a production package nor in the bundle.
pub(crate) fn missing(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let packages = context.repo.production_packages();
    packages.iter().flat_map(|package| of_package(context.bundle.name, content, &packages, package)).collect()
}

fn of_package(archive: &str, content: &Content, packages: &[&Workspace], package: &Workspace) -> Vec<Finding> {
    let path = package.manifest_path();
    let Some(manifest) = content.manifests.get(&path).and_then(|manifest| manifest.json()) else { return Vec::new() };
    let maps = DEPENDENCY_MAPS.iter().filter(|map| !NOT_INSTALLED.contains(map));
    let dependencies = maps.filter_map(|map| manifest.get(*map)?.as_object()).flatten();
    let finding = |(name, range): (&String, &Value)| {
        let range = range.as_str().filter(|range| !comes_along(content, packages, package, name, range))?;
        let expected = format!("{name} in the bundle, which {} needs as {range}", package.name);
        let next = format!("make {name} a workspace or take it from a registry; fix {path} and run `yarn install`");
        let at = At::entry(archive, &path).key(name);
        Some(NO_LOCAL_DEPENDENCY.finding(at, FindingText { expected: &expected, found: "nothing there", next: &next }))
    };
    dependencies.filter_map(finding).collect()
}

/// Whether this range is not local, or what it means is in the bundle. A production package that is not there
/// has a finding of its own.
fn comes_along(content: &Content, packages: &[&Workspace], package: &Workspace, name: &str, range: &str) -> bool {
    if range.starts_with("workspace:") {
        return packages.iter().any(|local| local.name == name);
    }
    let Some(target) = ["link:", "portal:", "file:"].iter().find_map(|protocol| range.strip_prefix(protocol)) else {
        return true;
    };
    let target = target.split("::").next().unwrap_or_default().split('#').next().unwrap_or_default();
    let Some(path) = resolved(&package.folder, target) else { return false };
    packages.iter().any(|local| local.folder == path) || content.has_file(&path) || content.has_files_under(&path)
}

/// A path seen from a folder, from the root; `None` above it.
fn resolved(folder: &str, target: &str) -> Option<String> {
    if target.starts_with(['/', '~']) {
        return None;
    }
    let path = normal_path(&format!("{folder}/{target}"));
    let mut parts = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::main_file::without_dots;
    use proptest::prelude::*;

    #[test]
    fn paths_are_seen_from_the_package() {
        assert_eq!(resolved("packages/backend", "../app").as_deref(), Some("packages/app"));
        assert_eq!(resolved("packages/backend", "./x.tgz").as_deref(), Some("packages/backend/x.tgz"));
        assert_eq!(resolved("packages/backend", "../../../x"), None);
        assert_eq!(resolved("packages/backend", "/x"), None);
    }

    proptest! {
        #[test]
        fn what_is_resolved_is_below_the_root(folder in "([ab]{1,2}/){0,3}", target in "([ab.]{0,3}/){0,6}") {
            let path = normal_path(&format!("{folder}/{target}"));
            let mut depth = 0_i32;
            let depths = path.split('/').map(|part| {
                depth += if part == ".." { -1 } else { 1 };
                depth
            });
            let leaves = target.starts_with('/') || depths.min() < Some(0);
            let found = resolved(&folder, &target);
            prop_assert_eq!(found.is_none(), leaves);
            if let Some(found) = found {
                prop_assert!(found.split('/').all(|part| part != ".." && part != "."));
                prop_assert_eq!(without_dots(&path), found.as_str());
                prop_assert_eq!(resolved("", &found), Some(found));
            }
        }

        #[test]
        fn no_path_without_dots_leaves_the_root(path in "([ab.]{0,3}/){0,6}") {
            let plain = without_dots(&path);
            prop_assert!(plain.split('/').all(|part| part != ".." && part != "."));
            prop_assert_eq!(without_dots(&plain), plain.as_str());
        }
    }
}
