//! Whether the bundle carries the root manifest that is in the repository.

use std::collections::BTreeSet;

use diagnostics::{At, Finding, FindingText, few};
use serde_json::Value;

use crate::checks::{Context, REBUILD};
use crate::codes::ROOT_DIFFERS;
use crate::content::Manifest;

const PATH: &str = "package.json";

/// A root manifest that is missing or says something else. Backstage finds its root by it at run time.
pub(crate) fn differs(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let found = match content.manifests.get(PATH) {
        None => "no such file".to_owned(),
        Some(Manifest::Read { json: Ok(theirs), .. }) if *theirs != context.repo.manifest.raw => {
            let fields = differing(&context.repo.manifest.raw, theirs);
            format!("one that differs in {}", few(&fields))
        }
        // What is no JSON, or too large, has a finding of its own.
        Some(_) => return Vec::new(),
    };
    let expected = "the repository's root package.json";
    vec![
        ROOT_DIFFERS
            .finding(At::entry(context.bundle.name, PATH), FindingText { expected, found: &found, next: REBUILD }),
    ]
}

fn differing(ours: &Value, theirs: &Value) -> Vec<String> {
    let keys = [ours, theirs].into_iter().filter_map(Value::as_object).flat_map(|fields| fields.keys());
    let keys: BTreeSet<&String> = keys.collect();
    keys.into_iter().filter(|key| ours.get(*key) != theirs.get(*key)).cloned().collect()
}
