//! Which files of an app go into its image.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use image::prune::{AppTree, ExplainSize, Libc, Platform, PruneClass, PrunePlan};
use monorepo::Monorepo;
use serde_json::Value;

use crate::exit::WrongUsage;
use crate::summary::megabytes;

/// How many packages the list of the largest has.
const LARGEST: usize = 20;

/// The classes to leave out: all but those to keep.
pub(super) fn classes(keep: &[String]) -> Result<BTreeSet<PruneClass>> {
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
pub(super) fn plan(workspace: &Path, modules: &[(&Path, String)], classes: &BTreeSet<PruneClass>) -> Result<PrunePlan> {
    let own = AppTree { folder: workspace.to_owned(), target: "".into() };
    let installed = modules.iter().map(|(tree, folder)| AppTree { folder: tree.join(folder), target: folder.into() });
    let trees: Vec<_> = std::iter::once(own).chain(installed).collect();
    Ok(PrunePlan::new(&trees, classes.clone(), platform())?)
}

fn platform() -> Platform {
    let cpu = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
    Platform { cpu: cpu.to_owned(), libc: Libc::Glibc }
}

/// Whether a package of the user's own has its config schema in TypeScript, for which every declaration
/// that is installed may be needed.
pub(super) fn has_schema_in_typescript(repo: &Monorepo, workspace: &Path) -> Result<bool> {
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

/// What pruning took, and the largest packages of what it left, for people.
pub(super) fn table(size: &ExplainSize) -> String {
    let taken = size.left_out();
    let mut text = format!(
        "\napplication\n  kept       {:>10}  {} files\n  left out   {:>10}  {} files\n",
        megabytes(size.kept.bytes),
        size.kept.files,
        megabytes(taken.bytes),
        taken.files
    );
    text += "left out, by class (to keep one: --keep CLASS)\n";
    for (class, count) in &size.classes {
        text += &format!("  {:<24} {:>10}  {} files\n", class.name(), megabytes(count.bytes), count.files);
    }
    text += "largest packages\n";
    for package in size.packages.iter().take(LARGEST) {
        text +=
            &format!("  {:<44} {:>10}  {} files\n", package.package, megabytes(package.kept.bytes), package.kept.files);
    }
    text
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
