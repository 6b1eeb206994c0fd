//! Whether the built scripts of local packages will find what they ask for.
//!
//! Only scripts that Node reaches from a package's entry points count: a folder of templates may hold code of
//! other packages.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{At, Finding, FindingText};
use javascript::{Script, Syntax};
use monorepo::{Monorepo, Workspace};
use serde_json::Value;

use crate::checks::entry_points::targets;
use crate::checks::main_file::{TRIED, without_dots};
use crate::checks::modules::{is_relative, package_of};
use crate::checks::{Context, packed_files, unseen};
use crate::codes::{DEVELOPMENT_ONLY, NOT_JAVASCRIPT, UNDECLARED};
use crate::content::Content;

/// Scripts that can be looked at for one entry point with a pattern.
const MOST_MATCHES: usize = 1000;

/// A package whose scripts Node runs, and those of them that it reaches.
pub(crate) struct Reached<'a> {
    pub(crate) package: &'a Workspace,
    pub(crate) scripts: BTreeMap<&'a str, &'a Script>,
}

/// Folders of the packages whose scripts Node runs; a bundled package runs in browsers.
pub(crate) fn folders(repo: &Monorepo) -> Vec<String> {
    run_by_node(repo).map(|package| package.folder.clone()).collect()
}

fn run_by_node(repo: &Monorepo) -> impl Iterator<Item = &Workspace> {
    let packages = repo.production_packages().into_iter();
    packages.filter(|package| !package.manifest.bundled && !package.is_bundle())
}

/// Scripts that are no JavaScript, modules that are not declared, files that are not packed.
pub(crate) fn found(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let reached: Vec<Reached<'_>> =
        run_by_node(context.repo).map(|package| reached(content, package, context)).collect();
    let mut findings: Vec<Finding> = reached.iter().flat_map(|reached| modules(context, reached)).collect();
    findings.extend(reached.iter().flat_map(|reached| broken(context, reached)));
    findings.extend(packed_files::missing(context, content, &reached));
    findings.sort_by_key(|finding| finding.code);
    findings.extend(unseen::found(context, content, &reached));
    findings
}

/// Follows the relative imports from the entry points.
fn reached<'a>(content: &'a Content, package: &'a Workspace, context: &Context<'_>) -> Reached<'a> {
    let mut scripts = BTreeMap::new();
    let mut next = entry_points(content, package, context);
    let below = format!("{}/", package.folder);
    while let Some((path, script)) = next.pop() {
        if !path.starts_with(&below) || scripts.insert(path, script).is_some() {
            continue;
        }
        let relative = script.asked.modules.iter().filter(|module| is_relative(module));
        next.extend(relative.filter_map(|module| script_at(content, &seen_from(path, module))));
    }
    Reached { package, scripts }
}

fn entry_points<'a>(content: &'a Content, package: &Workspace, context: &Context<'_>) -> Vec<(&'a str, &'a Script)> {
    let Some(manifest) = content.manifests.get(&package.manifest_path()).and_then(|manifest| manifest.json()) else {
        return Vec::new();
    };
    let mut targets: BTreeSet<String> = targets(manifest).into_keys().collect();
    targets.extend(programs(manifest));
    if package.name == context.repo.backend().name && manifest.get("main").is_none() {
        targets.insert("index.js".to_owned());
    }
    let mut found = Vec::new();
    for target in targets {
        let path = format!("{}/{target}", package.folder);
        match path.split_once('*') {
            Some((start, end)) => found.extend(matches(content, start, end)),
            None => found.extend(script_at(content, &without_dots(&path))),
        }
    }
    found
}

/// Targets of `bin`: one path, or a path for each name (npm, package.json).
fn programs(manifest: &Value) -> Vec<String> {
    let programs: Vec<&Value> = match manifest.get("bin") {
        Some(Value::Object(programs)) => programs.values().collect(),
        program => program.into_iter().collect(),
    };
    programs.into_iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

fn matches<'a>(content: &'a Content, start: &str, end: &str) -> impl Iterator<Item = (&'a str, &'a Script)> {
    let from = content.scripts.range(start.to_owned()..).take_while(move |(path, _)| path.starts_with(start));
    let fitting = from.filter(move |(path, _)| path.len() >= start.len() + end.len() && path.ends_with(end));
    fitting.take(MOST_MATCHES).map(|(path, script)| (path.as_str(), script))
}

/// The script that Node takes for a path without its end.
fn script_at<'a>(content: &'a Content, path: &str) -> Option<(&'a str, &'a Script)> {
    let file = TRIED.iter().map(|end| format!("{path}{end}")).find(|file| content.has_file(file))?;
    content.scripts.get_key_value(&file).map(|(path, script)| (path.as_str(), script))
}

/// A path as a script means it.
pub(crate) fn seen_from(script: &str, path: &str) -> String {
    let folder = script.rsplit_once('/').map_or("", |(folder, _)| folder);
    without_dots(&format!("{folder}/{path}"))
}

fn broken(context: &Context<'_>, reached: &Reached<'_>) -> Vec<Finding> {
    let broken = reached.scripts.iter().filter_map(|(path, script)| match &script.syntax {
        Syntax::Broken(why) => Some((path, why)),
        Syntax::Fine | Syntax::Unknown => None,
    });
    let finding = |(path, why): (&&str, &String)| {
        let expected = format!("JavaScript that Node can read, in {}", reached.package.name);
        let next = format!(
            "run `cargo xtask build-image`; if it stays, run `yarn workspace {} build`, then `node --check {path}`",
            reached.package.name
        );
        NOT_JAVASCRIPT
            .finding(At::entry(context.bundle.name, path), FindingText { expected: &expected, found: why, next: &next })
    };
    broken.map(finding).collect()
}

/// Modules of packages that a production install does not bring, each once with the first script that asks for it.
fn modules(context: &Context<'_>, reached: &Reached<'_>) -> Vec<Finding> {
    let mut first: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for (path, script) in &reached.scripts {
        for module in &script.asked.modules {
            if let Some(name) = package_of(module) {
                first.entry(name).or_insert((path, module));
            }
        }
    }
    let finding = |(name, (path, module))| module_finding(context, reached.package, name, path, module);
    first.into_iter().filter_map(finding).collect()
}

fn module_finding(context: &Context<'_>, package: &Workspace, name: &str, path: &str, module: &str) -> Option<Finding> {
    let manifest = &package.manifest;
    let is_declared = |(declared, _): (&String, &String)| declared == name;
    if name == package.name
        || manifest.published_dependencies().any(is_declared)
        || manifest.peer_dependencies.contains_key(name)
    {
        return None;
    }
    let is_local = context.repo.workspaces.get(name).is_some();
    let range = if is_local { "@workspace:^" } else { "" };
    let next = format!("run `yarn workspace {} add {name}{range}`, then `cargo xtask build-image`", package.name);
    let expected = format!("{name} in the dependencies of {}, whose code imports {module}", package.name);
    let at = At::entry(context.bundle.name, path).key(name);
    Some(match manifest.dev_dependencies.contains_key(name) {
        true => DEVELOPMENT_ONLY
            .finding(at, FindingText { expected: &expected, found: "it only in devDependencies", next: &next }),
        false => UNDECLARED
            .finding(at, FindingText { expected: &expected, found: "it in none of its dependency maps", next: &next }),
    })
}
