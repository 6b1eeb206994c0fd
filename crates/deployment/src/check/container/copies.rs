//! What is copied from the build context.

use diagnostics::Finding;

use super::File;
use crate::check::codes::NOT_COPIED;
use crate::check::glob;
use crate::check::instructions::Instruction;
use crate::flightcontrol::normal;

pub(super) fn is_copy(instruction: &Instruction) -> bool {
    ["COPY", "ADD"].contains(&instruction.keyword.as_str())
}

pub(super) fn matches(pattern: &str, name: &str) -> bool {
    glob(pattern).is_some_and(|glob| glob.is_match(name))
}

/// The sources of a `COPY` or `ADD`: all but the last word, without here-documents.
pub(super) fn sources(instruction: &Instruction) -> Vec<String> {
    let first = instruction.arguments.lines().next().unwrap_or_default().to_owned();
    let mut words = Instruction { arguments: first, ..instruction.clone() }.words();
    words.pop();
    words.retain(|word| !word.starts_with("<<"));
    words
}

/// Sources that no build context has.
pub(super) fn copies(file: &File<'_>) -> Vec<Finding> {
    let from_context = |one: &&Instruction| is_copy(one) && one.flag("from").is_none();
    let mut findings = Vec::new();
    for instruction in file.all().filter(from_context) {
        for source in sources(instruction).iter().filter(|source| !source.contains('$') && !source.contains("://")) {
            let Some(found) = missing(file, source) else { continue };
            let next = "build it in an earlier stage, commit it, or take its pattern out of the ignore file";
            let found = format!("{source}, {found}");
            findings.push(file.finding(NOT_COPIED, instruction.line, "files of the build context", &found, next));
        }
    }
    findings
}

fn missing(file: &File<'_>, source: &str) -> Option<&'static str> {
    let pattern = normal(source.trim_start_matches('/'));
    if pattern == "." {
        return None;
    }
    let tree = &file.context.repo.tree;
    let literal: Vec<&str> = tree.under(pattern).map(|(path, _)| path).collect();
    let found = if literal.is_empty() {
        let glob = glob(pattern);
        let is_match = |path: &str| {
            let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]);
            glob.as_ref().is_some_and(|glob| folders.any(|path| glob.is_match(path)))
        };
        tree.iter().map(|(path, _)| path).filter(|path| is_match(path)).collect()
    } else {
        literal
    };
    if found.is_empty() {
        return Some("which no clone has");
    }
    found.iter().all(|path| file.ignored.ignores(path)).then_some("which the ignore file leaves out")
}
