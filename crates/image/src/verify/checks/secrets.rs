//! Keys and tokens; what they are is never said.

use std::collections::BTreeMap;

use diagnostics::{Finding, SecretShape, scan_for_secrets};

use crate::codes::SECRET;
use crate::document::json;
use crate::verify::context::{Context, FindingText};

/// How the configuration is called in findings.
const CONFIGURATION: &str = "the configuration";

/// Secrets in files, in those that a later layer hides, and in the environment, the labels and the history.
pub(crate) fn found(context: &Context<'_>) -> Vec<Finding> {
    let mut secrets: BTreeMap<&str, (&[SecretShape], &str)> = BTreeMap::new();
    for (path, note) in context.tree.hidden().filter(|(_, note)| !note.secrets.is_empty()) {
        secrets.insert(path, (&note.secrets, ", which a later layer hides and does not remove"));
    }
    for (path, node) in context.tree.iter() {
        if let Some(note) = node.note.as_ref().filter(|note| !note.secrets.is_empty()) {
            secrets.insert(path, (&note.secrets, ""));
        }
    }
    let in_configuration = scan_for_secrets("", &json(context.config));
    if !in_configuration.is_empty() {
        secrets.insert(CONFIGURATION, (&in_configuration, ""));
    }
    let finding = |(place, (kinds, how)): (&str, (&[SecretShape], &str))| {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let found = format!("{}{how}", names.join(", "));
        let next = "revoke it, then hand it to the build by `RUN --mount=type=secret` and to the backend at run time";
        context.finding(SECRET, Some(place), FindingText { expected: "no secret", found: &found, next })
    };
    secrets.into_iter().map(finding).collect()
}
