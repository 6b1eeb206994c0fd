//! Whether a production install of the archives' manifests is the one the repository means.

use std::collections::BTreeSet;

use diagnostics::{At, Finding, FindingText, few};
use monorepo::{INSTALL_FIELDS, Workspace, production_manifest};
use serde_json::Value;

use crate::archive::Archive;
use crate::checks::Context;
use crate::codes::INSTALL_FIELD;
use crate::content::Manifest;

/// The scripts with which the Backstage CLI packs a package itself; with any other one it calls
/// `yarn pack` (`cli-module-build`, `createDistWorkspace`).
const PACKED_BY_THE_CLI: &[&str] = &["backstage-cli prepack", "backstage-cli package prepack"];

/// Ranges that `yarn pack` replaces by versions.
const REPLACED_BY_PACKING: &[&str] = &["workspace:", "backstage:", "catalog:"];

/// Fields that an install depends on and that differ from the repository's. A manifest that both
/// archives share is reported once, for the skeleton, from which the install is made.
pub(crate) fn differ(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in context.repo.production_packages() {
        let path = package.manifest_path();
        let [skeleton, bundle] =
            context.archives().map(|archive| archive.content().and_then(|content| content.manifests.get(&path)));
        if let Some(manifest) = skeleton {
            findings.extend(compare(&context.skeleton, package, manifest));
        }
        if let Some(manifest) = bundle.filter(|bundle| skeleton != Some(bundle)) {
            findings.extend(compare(&context.bundle, package, manifest));
        }
    }
    findings
}

fn compare(archive: &Archive, package: &Workspace, manifest: &Manifest) -> Vec<Finding> {
    let Some(packed) = manifest.json() else { return Vec::new() };
    let source = production_manifest(&package.manifest.raw);
    let rewritten = is_packed_by_yarn(package);
    let path = package.manifest_path();
    let finding = |field: &&str| {
        let (key, ours, theirs) = differences(source.get(*field), packed.get(*field), rewritten)?;
        let expected = format!("{field} of {} as in the repository: {ours}", package.name);
        let next =
            "run `cargo xtask build-image`; the archives, or what the Dockerfile copies, are older than the manifests";
        Some(INSTALL_FIELD.finding(
            At::entry(archive.name, &path).key(key.as_deref().unwrap_or(field)),
            FindingText { expected: &expected, found: &theirs, next },
        ))
    };
    INSTALL_FIELDS.iter().filter_map(finding).collect()
}

fn is_packed_by_yarn(package: &Workspace) -> bool {
    package.manifest.script("prepack").is_some_and(|script| !PACKED_BY_THE_CLI.contains(&script))
}

/// The first key of the map that differs, what the repository has and what the archive has.
fn differences(
    source: Option<&Value>,
    packed: Option<&Value>,
    rewritten: bool,
) -> Option<(Option<String>, String, String)> {
    if source == packed {
        return None;
    }
    let (Some(ours), Some(theirs)) = (object(source), object(packed)) else {
        return Some((None, shown("", source), shown("", packed)));
    };
    let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differing: Vec<_> = keys
        .into_iter()
        .map(|key| (key, ours.get(key), theirs.get(key)))
        .filter(|(_, ours, theirs)| ours != theirs && !(rewritten && theirs.is_some() && is_replaced(*ours)))
        .collect();
    let first = differing.first().map(|(key, ..)| (*key).clone())?;
    let ours: Vec<String> = differing.iter().map(|(key, ours, _)| shown(key, *ours)).collect();
    let theirs: Vec<String> = differing.iter().map(|(key, _, theirs)| shown(key, *theirs)).collect();
    Some((Some(first), few(&ours), few(&theirs)))
}

/// A map, also when it is missing altogether, which installs the same as an empty one.
fn object(value: Option<&Value>) -> Option<serde_json::Map<String, Value>> {
    match value {
        None => Some(serde_json::Map::new()),
        Some(Value::Object(map)) => Some(map.clone()),
        Some(_) => None,
    }
}

fn is_replaced(range: Option<&Value>) -> bool {
    let range = range.and_then(Value::as_str).unwrap_or_default();
    REPLACED_BY_PACKING.iter().any(|protocol| range.starts_with(protocol))
}

fn shown(key: &str, value: Option<&Value>) -> String {
    match value {
        Some(value) => format!("{key} {value}").trim_start().to_owned(),
        None => format!("no {key}").trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(source: &Value, packed: &Value, rewritten: bool) -> Option<(Option<String>, String, String)> {
        differences(Some(source), Some(packed), rewritten)
    }

    #[test]
    fn the_order_of_keys_does_not_matter() {
        assert_eq!(of(&json!({"a": "1", "b": "2"}), &json!({"b": "2", "a": "1"}), false), None);
        assert_eq!(differences(Some(&json!({})), None, false), None);
    }

    #[test]
    fn both_sides_are_shown_key_by_key() {
        let (key, ours, theirs) = of(&json!({"a": "1", "b": "2"}), &json!({"a": "3", "c": "4"}), false).unwrap();
        assert_eq!(key.as_deref(), Some("a"));
        assert_eq!(ours, r#"a "1", b "2", no c"#);
        assert_eq!(theirs, r#"a "3", no b, c "4""#);
        let (_, ours, theirs) = of(&json!("1.0.0"), &json!("2.0.0"), false).unwrap();
        assert_eq!((ours.as_str(), theirs.as_str()), (r#""1.0.0""#, r#""2.0.0""#));
    }

    #[test]
    fn yarn_pack_may_replace_workspace_ranges_but_not_others() {
        let source = json!({"local": "workspace:^", "express": "^4"});
        assert_eq!(of(&source, &json!({"local": "^0.1.0", "express": "^4"}), true), None);
        assert!(of(&source, &json!({"local": "^0.1.0", "express": "^4"}), false).is_some());
        assert!(of(&source, &json!({"local": "^0.1.0", "express": "^5"}), true).is_some());
        assert!(of(&source, &json!({"express": "^4"}), true).is_some(), "a lost one is no replacement");
    }
}
