//! Whether files that code or a manifest names by path are in the bundle.

use std::collections::BTreeMap;

use diagnostics::{At, Finding, FindingText};
use monorepo::Workspace;
use serde_json::Value;

use crate::checks::Context;
use crate::checks::main_file::{TRIED, without_dots};
use crate::checks::modules::is_relative;
use crate::checks::scripts::{Reached, seen_from};
use crate::codes::NOT_PACKED;
use crate::content::Content;

/// Where no file is looked for: what is installed is not in the bundle.
const INSTALLED: &str = "node_modules";

/// Relative imports, paths given to `resolvePackagePath`, and config schemas, without their files.
pub(crate) fn missing(context: &Context<'_>, content: &Content, reached: &[Reached<'_>]) -> Vec<Finding> {
    let mut asked = BTreeMap::new();
    for reached in reached {
        imports(reached, content, &mut asked);
        paths(reached, content, context, &mut asked);
    }
    for package in context.repo.production_packages() {
        schema(package, content, &mut asked);
    }
    asked.into_iter().map(|(path, (package, who))| finding(context, package, &path, &who)).collect()
}

/// What is missing, by path: the package that lacks it, and who asks for it.
type ListedFiles<'a> = BTreeMap<String, (&'a Workspace, String)>;

fn finding(context: &Context<'_>, package: &Workspace, path: &str, who: &str) -> Finding {
    let manifest = package.manifest_path();
    let inside = path.strip_prefix(&package.folder).map_or(path, |rest| rest.trim_start_matches('/'));
    let next = format!(
        "add \"{inside}\" to \"files\" of {manifest}, or see why the build leaves it out, then run `cargo xtask build-image`"
    );
    let at = At::entry(context.bundle.name, path).key("files");
    NOT_PACKED.finding(at, FindingText { expected: &format!("{path}, {who}"), found: "no such file", next: &next })
}

fn imports<'a>(reached: &Reached<'a>, content: &Content, asked: &mut ListedFiles<'a>) {
    for (script, known) in &reached.scripts {
        for module in known.asked.modules.iter().filter(|module| is_relative(module)) {
            let path = seen_from(script, module);
            let is_there = TRIED.iter().any(|end| content.has_file(&format!("{path}{end}")))
                || content.has_file(&format!("{path}/package.json"));
            if !is_there && !path.contains(INSTALLED) {
                let who = format!("which {script} of {} imports as {module}", reached.package.name);
                asked.entry(path).or_insert((reached.package, who));
            }
        }
    }
}

fn paths<'a>(reached: &Reached<'a>, content: &Content, context: &Context<'a>, asked: &mut ListedFiles<'a>) {
    let packages = context.repo.production_packages();
    for (script, known) in &reached.scripts {
        for (name, inside) in &known.asked.paths {
            let Some(package) = packages.iter().find(|package| package.name == *name) else { continue };
            let path = without_dots(&format!("{}/{inside}", package.folder));
            let is_app = package.manifest.bundled || package.is_bundle();
            if !is_app && !content.has_file(&path) && !content.has_files_under(&path) && !path.contains(INSTALLED) {
                let who = format!("which {script} of {} finds by resolvePackagePath", reached.package.name);
                asked.entry(path).or_insert((package, who));
            }
        }
    }
}

/// A `configSchema` that is a path; the backend reads those of all packages as it starts.
fn schema<'a>(package: &'a Workspace, content: &Content, asked: &mut ListedFiles<'a>) {
    let manifest = content.manifests.get(&package.manifest_path()).and_then(|manifest| manifest.json());
    let schema = manifest.and_then(|manifest| manifest.get("configSchema")).and_then(Value::as_str);
    let path = schema.map(|schema| without_dots(&format!("{}/{schema}", package.folder)));
    if let Some(path) = path.filter(|path| !content.has_file(path)) {
        asked.entry(path).or_insert((package, format!("the \"configSchema\" of {}", package.name)));
    }
}
