//! How Yarn is called, and with what beside it.

use diagnostics::Finding;
use monorepo::{YARNRC, YarnRelease};

use super::File;
use super::copies::{is_copy, matches, sources};
use crate::check::codes::{YARN_OPTION, YARN_SETTINGS};
use crate::check::instructions::Instruction;
use crate::flightcontrol::normal;

/// The commands of a `RUN`, as words.
pub(super) fn commands(run: &Instruction) -> Vec<Vec<String>> {
    let whole = run.words().join(" ").replace("&&", "\n").replace("||", "\n").replace([';', '|'], "\n");
    whole.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

pub(super) fn runs<'a>(instructions: impl Iterator<Item = &'a Instruction>) -> impl Iterator<Item = &'a Instruction> {
    instructions.filter(|instruction| instruction.keyword == "RUN")
}

/// Whether a command installs by Yarn; what comes before `yarn` may be a wrapper.
fn installs_by_yarn(command: &[String]) -> bool {
    let Some(at) = command.iter().position(|word| word == "yarn") else { return false };
    match command.get(at + 1).map(String::as_str) {
        None => true,
        Some("install") => true,
        Some("workspaces") => command.get(at + 2).is_some_and(|word| word == "focus"),
        Some(word) => word.starts_with("--"),
    }
}

pub(super) fn options(file: &File<'_>) -> Vec<Finding> {
    let is_refused = |command: &Vec<String>| {
        installs_by_yarn(command)
            && !command.contains(&"focus".to_owned())
            && command.iter().any(|word| word == "--production" || word == "--prod")
    };
    let wrong = runs(file.all()).filter(|run| commands(run).iter().any(is_refused));
    let next = "write `yarn workspaces focus --all --production`";
    let finding = |run: &Instruction| {
        file.finding(YARN_OPTION, run.line, "what Yarn 2 and later know", "yarn install --production", next)
    };
    wrong.map(finding).collect()
}

pub(super) fn settings(file: &File<'_>) -> Vec<Finding> {
    if file.is_rendered {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for index in 0..file.stages.len() {
        let installs = |run: &&Instruction| commands(run).iter().any(|command| installs_by_yarn(command));
        let Some(run) = runs(file.stages[index].instructions.iter()).find(installs) else { continue };
        let before: Vec<String> = file
            .chain(index)
            .into_iter()
            .flat_map(|stage| &stage.instructions)
            .take_while(|instruction| *instruction != run)
            .filter(|instruction| is_copy(instruction))
            .flat_map(sources)
            .collect();
        let lacks =
            |path: &str| file.context.repo.tree.contains(path) && !before.iter().any(|source| brings(source, path));
        let mut missing: Vec<&str> = [YARNRC].into_iter().filter(|path| lacks(path)).collect();
        if let YarnRelease::Committed { path } = &file.context.repo.yarn.release {
            missing.extend(lacks(path).then_some(path.as_str()));
        }
        if !missing.is_empty() {
            let found = format!("no COPY of {} before it", missing.join(" and "));
            let next = "add `COPY .yarnrc.yml ./` and `COPY .yarn ./.yarn`, as far as they are there";
            findings.push(file.finding(YARN_SETTINGS, run.line, "Yarn's settings beside the lockfile", &found, next));
        }
    }
    findings
}

/// Whether a source brings a path along: it is the path or a folder of it, here or in another stage.
fn brings(source: &str, path: &str) -> bool {
    let source = normal(source.trim_start_matches('/'));
    let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
    let mut paths = folders.chain([path]);
    source == "."
        || source.ends_with("/.")
        || source == "app"
        || paths.any(|path| source.ends_with(path) || matches(source, path))
}
