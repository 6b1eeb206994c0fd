//! Which files of an app go into its image.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use image::prune::{AppTree, PruneClass, PrunePlan};
use image::{Libc, Platform, module_version};
use monorepo::Monorepo;
use serde_json::Value;

use diagnostics::WrongUsage;

/// The classes to leave out: all but those to keep.
pub(crate) fn classes(keep: &[String]) -> Result<BTreeSet<PruneClass>> {
    let mut classes = BTreeSet::from(PruneClass::ALL);
    for name in keep {
        if name == "all" {
            classes.clear();
        } else if !PruneClass::ALL.iter().any(|class| class.name() == name) {
            let known: Vec<_> = PruneClass::ALL.iter().map(|class| class.name()).collect();
            return Err(WrongUsage::new(format!("--keep {name}: expected all, or one of {}", known.join(", "))).into());
        }
        classes.retain(|class| class.name() != name);
    }
    Ok(classes)
}

/// A plan for the user's own packages, and for what is installed as far as `modules` names it.
pub(crate) fn plan(
    workspace: &Path,
    modules: &[(&Path, String)],
    classes: &BTreeSet<PruneClass>,
    platform: Platform,
) -> Result<PrunePlan> {
    let own = AppTree { folder: workspace.to_owned(), target: "".into() };
    let installed = modules.iter().map(|(tree, folder)| AppTree { folder: tree.join(folder), target: folder.into() });
    let trees: Vec<_> = std::iter::once(own).chain(installed).collect();
    Ok(PrunePlan::new(&trees, classes.clone(), platform)?)
}

/// What an image runs on whose base has this environment.
pub(crate) fn platform(environment: &[String]) -> Platform {
    let cpu = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
    let node = environment.iter().find_map(|variable| variable.strip_prefix("NODE_VERSION="));
    Platform { cpu: cpu.to_owned(), libc: Some(Libc::Glibc), module_version: node.and_then(module_version) }
}

/// Whether a package of the user's own has its config schema in TypeScript, for which every declaration
/// that is installed may be needed.
pub(crate) fn has_schema_in_typescript(repo: &Monorepo, workspace: &Path) -> Result<bool> {
    for package in repo.production_packages() {
        let file = workspace.join(package.manifest_path());
        let text = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let manifest: Value = serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))?;
        if manifest.get("configSchema").and_then(Value::as_str).is_some_and(|path| path.ends_with(".d.ts")) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_kept_by_its_name() {
        let kept = classes(&["source-maps".to_owned()]).unwrap();
        assert!(!kept.contains(&PruneClass::SourceMaps) && kept.contains(&PruneClass::Markdown));
        assert!(classes(&["all".to_owned()]).unwrap().is_empty());
        let error = classes(&["maps".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("--keep maps: expected all, or one of source-maps, app-source-maps"), "{error}");
    }
}
