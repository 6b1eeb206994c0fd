//! The one Node of an image.

use diagnostics::Finding;

use crate::codes::{NODE_VERSION, NODES};
use crate::verify::context::{Context, FindingText, NodeProgram};

/// None, several, or one for another processor.
pub(crate) fn count(context: &Context<'_>) -> Vec<Finding> {
    let nodes = context.nodes();
    let architecture = &context.config.architecture;
    let next = "take one base image for all stages, such as node:24-trixie-slim, and install no other Node";
    let expected = format!("one Node for {architecture}");
    let (entry, found) = match &nodes[..] {
        [] => (None, "none".to_owned()),
        [one] if one.architecture == *architecture => return Vec::new(),
        [one] => (Some(one.path), format!("one for {}", one.architecture)),
        several => (Some(several[0].path), several.iter().map(named).collect::<Vec<_>>().join(", ")),
    };
    vec![context.finding(NODES, entry, FindingText { expected: &expected, found: &found, next })]
}

fn named(program: &NodeProgram<'_>) -> String {
    match &program.version {
        Some(version) => format!("{} ({version})", program.path),
        None => program.path.to_owned(),
    }
}

/// Not the one that the repository asks for.
pub(crate) fn version(context: &Context<'_>) -> Vec<Finding> {
    let Some(wanted) = &context.budget.node else { return Vec::new() };
    let nodes = context.nodes();
    let [NodeProgram { path, version: Some(version), .. }] = &nodes[..] else { return Vec::new() };
    let is_line = version.strip_prefix(wanted.version.as_str()).is_some_and(|rest| rest.starts_with('.'));
    if *version == wanted.version || is_line {
        return Vec::new();
    }
    let expected = format!("Node {}, by {}", wanted.version, wanted.source);
    let next = "make the base image and the repository agree, then build again";
    vec![context.finding(
        NODE_VERSION,
        Some(path),
        FindingText { expected: &expected, found: &format!("Node {version}"), next },
    )]
}
