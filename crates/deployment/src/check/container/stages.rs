//! What the image is made of, and whom it runs as.

use diagnostics::Finding;

use super::File;
use super::yarn::{commands, runs};
use crate::check::codes::{COMPILER, NODE, PLATFORM, ROOT, SECRET};
use crate::check::context::secret;
use crate::check::instructions::unquoted;

/// Debian and Alpine packages with a compiler in them.
const COMPILERS: &[&str] = &["g++", "gcc", "build-essential", "build-base", "clang", "make"];

pub(super) fn compilers(file: &File<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for run in runs(file.deployed()) {
        let commands = commands(run);
        let removes = commands
            .iter()
            .any(|words| words.iter().any(|word| ["purge", "remove", "autoremove", "del"].contains(&word.as_str())));
        let installs = |words: &&Vec<String>| {
            words.iter().any(|word| word == "apt-get" || word == "apt" || word == "apk")
                && words.iter().any(|word| word == "install" || word == "add")
        };
        let packages: Vec<&str> = commands
            .iter()
            .filter(installs)
            .flatten()
            .map(|word| word.trim_matches(['\'', '"']))
            .filter(|word| COMPILERS.contains(word))
            .collect();
        if !packages.is_empty() && !removes {
            let next = "install in an earlier stage, and copy node_modules from there";
            findings.push(file.finding(
                COMPILER,
                run.line,
                "no compiler in the stage that runs",
                &packages.join(", "),
                next,
            ));
        }
    }
    findings
}

pub(super) fn user(file: &File<'_>) -> Vec<Finding> {
    let user = file.deployed().rfind(|instruction| instruction.keyword == "USER");
    let line = user.map_or_else(|| file.stages.last().map_or(1, |stage| stage.line), |user| user.line);
    let found = match user.map(|user| user.arguments.split(':').next().unwrap_or_default()) {
        None => "no USER".to_owned(),
        Some(name @ ("root" | "0")) => format!("USER {name}"),
        Some(_) => return Vec::new(),
    };
    vec![file.finding(ROOT, line, "a user other than root", &found, "end the last stage with `USER 1000:1000`")]
}

pub(super) fn node(file: &File<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stage in &file.stages {
        let (image, tag) = stage.base.rsplit_once(':').unwrap_or((&stage.base, ""));
        let digits = tag.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(tag.len());
        let Ok(major) = tag[..digits].parse::<u32>() else { continue };
        if image.rsplit('/').next() == Some("node") && !file.context.repo.allows_node(major) {
            let expected = format!("Node {} ({})", file.context.repo.node.version, file.context.repo.node.source);
            let next = format!("begin from node:{}-trixie-slim", file.context.repo.node.version);
            findings.push(file.finding(NODE, stage.line, &expected, &stage.base, &next));
        }
    }
    findings
}

pub(super) fn platform(file: &File<'_>) -> Vec<Finding> {
    let is_fine =
        |platform: &str| platform.starts_with('$') || ["linux/amd64", "linux/x86_64", "linux"].contains(&platform);
    let wrong =
        file.stages.iter().filter_map(|stage| Some((stage, stage.platform.as_deref().filter(|one| !is_fine(one))?)));
    wrong
        .map(|(stage, platform)| {
            let found = format!("--platform={platform}");
            file.finding(PLATFORM, stage.line, "linux/amd64", &found, "take --platform away")
        })
        .collect()
}

pub(super) fn secrets(file: &File<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for instruction in file.all().filter(|one| one.keyword == "ENV" || one.keyword == "ARG") {
        for word in instruction.words() {
            let Some(found) = word.split_once('=').and_then(|(name, value)| secret(name, unquoted(value))) else {
                continue;
            };
            let next = "withdraw it, then mount it: RUN --mount=type=secret,id=NAME";
            findings.push(file.finding(SECRET, instruction.line, "no secret in a Dockerfile", &found, next));
        }
    }
    findings
}
