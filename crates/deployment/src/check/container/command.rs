//! What the deployed stage starts, and which configurations that loads.

use diagnostics::Finding;
use monorepo::FLIGHTCONTROL_CONFIG;

use super::File;
use super::copies::{is_copy, matches, sources};
use crate::check::codes::{LAST_STAGE, LEFT_OUT, NO_CONFIG};
use crate::check::instructions::{Instruction, unquoted};
use crate::flightcontrol::normal;

/// The command starts the backend.
pub(super) fn command(file: &File<'_>) -> Vec<Finding> {
    let backend = &file.context.recipe.backend;
    let line = file.stages.last().map_or(1, |stage| stage.line);
    let parts = ["ENTRYPOINT", "CMD"].map(|keyword| file.deployed().rfind(|one| one.keyword == keyword));
    let words: Vec<String> = parts.iter().flatten().flat_map(|instruction| instruction.words()).collect();
    let starts =
        words.iter().any(|word| normal(unquoted(word)) == backend.as_str() || word.contains(&format!("{backend}/")));
    let is_script = words.iter().any(|word| word.ends_with(".sh"));
    if !starts && !is_script {
        let found = if words.is_empty() { "no command".to_owned() } else { format!("the command {}", words.join(" ")) };
        let next = format!("end the file with the stage that runs `node {backend}`");
        return vec![file.finding(LAST_STAGE, line, &format!("a command that starts {backend}"), &found, &next)];
    }
    let at = parts.iter().flatten().last().map_or(line, |instruction| instruction.line);
    if is_script { Vec::new() } else { configurations(file, &words, at) }
}

fn configurations(file: &File<'_>, words: &[String], line: usize) -> Vec<Finding> {
    let pairs = words.windows(2).filter(|pair| pair[0] == "--config").map(|pair| normal(&pair[1]).to_owned());
    let joined = words.iter().filter_map(|word| word.strip_prefix("--config=")).map(|name| normal(name).to_owned());
    let named: Vec<String> = pairs.chain(joined).map(|name| name.trim_start_matches("/app/").to_owned()).collect();
    let is_file = |name: &&String| !name.contains("://") && !name.contains('$') && !name.starts_with('/');
    let mut findings: Vec<Finding> = named
        .iter()
        .filter(is_file)
        .filter_map(|name| {
            let found = absence(file, name)?;
            let next = format!("commit {name} and copy it, or take it out of the command");
            Some(file.finding(NO_CONFIG, line, "files that are in the image", &format!("{name}, {found}"), &next))
        })
        .collect();
    let is_there = file.context.repo.tree.get(FLIGHTCONTROL_CONFIG).is_some();
    if is_there && !named.iter().any(|name| name == FLIGHTCONTROL_CONFIG) {
        let found = format!("a command without {FLIGHTCONTROL_CONFIG}");
        let next = format!("add \"--config\", \"{FLIGHTCONTROL_CONFIG}\" to the command, last");
        findings.push(file.finding(LEFT_OUT, line, "every configuration of the deployment", &found, &next));
    }
    findings
}

/// Why a configuration is not in the image.
fn absence(file: &File<'_>, name: &str) -> Option<&'static str> {
    if file.context.repo.tree.get(name).is_none() {
        return Some("which the repository does not have");
    }
    if file.ignored.ignores(name) {
        return Some("which the ignore file leaves out");
    }
    let may_bring = |instruction: &Instruction| {
        is_copy(instruction) && sources(instruction).iter().any(|source| may_be(file, instruction, source, name))
    };
    (!file.is_rendered && !file.deployed().any(may_bring)).then_some("which no COPY brings into the last stage")
}

/// Whether a source of a `COPY` may be the file, or hold it: of a folder it is only known where it goes.
fn may_be(file: &File<'_>, instruction: &Instruction, source: &str, name: &str) -> bool {
    let last = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let has_extension = last.trim_matches('.').contains('.');
    let is_folder = !has_extension
        || source.ends_with('/')
        || file.context.repo.tree.get(source).is_none() && file.context.repo.tree.contains(source);
    let words = instruction.words();
    let target = words.last().map_or(".", |target| normal(target));
    let goes_there = target == "." || target.starts_with(['/', '$']) || name.starts_with(&format!("{target}/"));
    matches(last, name.rsplit('/').next().unwrap_or(name)) || is_folder && goes_there
}
