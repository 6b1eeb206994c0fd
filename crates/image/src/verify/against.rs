//! What changed from one image to another.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{Finding, few};
use serde::Serialize;

use super::checks::debian_packages;
use super::context::{Context, FindingText};
use super::packages::{package_of, version};
use super::summary::files_of;
use crate::codes::MIGRATION;
use crate::digest::Digest;
use crate::prune::Count;
use crate::read::StoredImage;

/// Something before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// In the other image.
    pub before: T,
    /// In this one.
    pub after: T,
}

/// A package that changed. Several versions are joined by commas; none of them is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageChange {
    /// Its name; those of Debian have `debian:` in front.
    pub package: String,
    /// The versions.
    #[serde(flatten)]
    pub versions: Change<String>,
}

/// Layers that both images have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedLayers {
    /// How many each image has.
    #[serde(flatten)]
    pub count: Change<usize>,
    /// How many of this one's the other one has, too.
    pub shared: usize,
    /// Bytes of the others, as they are stored: to be pulled where the other image is.
    pub new_bytes: u64,
}

/// What changed against the other image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The files.
    pub files: Change<Count>,
    /// The layers.
    pub layers: SharedLayers,
    /// Packages that were added, removed, or have other versions.
    pub packages: Vec<PackageChange>,
}

pub(super) fn compare(
    (image, context): (&StoredImage, &Context<'_>),
    (other, other_context): (&StoredImage, &Context<'_>),
) -> Comparison {
    let known: BTreeSet<&Digest> = other.layers.iter().map(|layer| &layer.diff_id).collect();
    let (shared, new): (Vec<_>, Vec<_>) = image.layers.iter().partition(|layer| known.contains(&layer.diff_id));
    Comparison {
        files: Change { before: files_of(other_context.tree), after: files_of(context.tree) },
        layers: SharedLayers {
            count: Change { before: other.layers.len(), after: image.layers.len() },
            shared: shared.len(),
            new_bytes: new.iter().map(|layer| layer.bytes()).sum(),
        },
        packages: changes(&versions(other_context), &versions(context)),
    }
}

type Versions<'a> = BTreeMap<String, BTreeSet<&'a str>>;

fn versions<'a>(context: &Context<'a>) -> Versions<'a> {
    let mut versions = Versions::new();
    let manifests = context.tree.files().filter_map(|(path, _)| path.strip_suffix("/package.json"));
    for folder in manifests {
        // The manifest of the package itself, not one of a folder in it.
        let inside = format!("{folder}/");
        if let Some((_, name)) = package_of(&inside).filter(|(package, _)| *package == folder) {
            versions.entry(name.to_owned()).or_default().insert(version(context, folder).unwrap_or("?"));
        }
    }
    for (name, version) in debian_packages(context) {
        versions.entry(format!("debian:{name}")).or_default().insert(version);
    }
    versions
}

fn changes(before: &Versions<'_>, after: &Versions<'_>) -> Vec<PackageChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let listed = |versions: &Versions<'_>, name: &String| {
        versions.get(name).map(|versions| versions.iter().copied().collect::<Vec<_>>().join(", ")).unwrap_or_default()
    };
    let change = |name: &String| {
        let versions = Change { before: listed(before, name), after: listed(after, name) };
        (versions.before != versions.after).then(|| PackageChange { package: name.clone(), versions })
    };
    names.into_iter().filter_map(change).collect()
}

/// The migrations of knex by the package they are of: `migrations/*.js`, below it wherever.
fn migrations_of<'a>(context: &Context<'a>) -> BTreeMap<String, BTreeSet<&'a str>> {
    const FOLDER: &str = "/migrations/";
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (path, _) in context.tree.files().filter(|(path, _)| is_script(path)) {
        let Some(at) = path.rfind(FOLDER) else { continue };
        let owner = match package_of(path) {
            // Wherever it is installed, and in however many versions.
            Some((folder, name)) if at >= folder.len() => format!("{name}{}", &path[folder.len()..at]),
            Some(_) => continue,
            None => path[..at].to_owned(),
        };
        found.entry(owner).or_default().insert(&path[at + FOLDER.len()..]);
    }
    found
}

fn is_script(path: &str) -> bool {
    [".js", ".cjs", ".mjs", ".ts"].iter().any(|end| path.ends_with(end)) && !path.ends_with(".d.ts")
}

/// Migrations that the other image has run, or will, and this one does not know: knex refuses to start then. A
/// package that is not here at all does not ask.
pub(super) fn migrations(context: &Context<'_>, other: &Context<'_>) -> Vec<Finding> {
    let own = migrations_of(context);
    let theirs = migrations_of(other);
    let finding = |(package, migrations): (&String, &BTreeSet<&str>)| {
        let own = own.get(package)?;
        let lacking: Vec<String> = migrations.difference(own).map(|name| (*name).to_owned()).collect();
        if lacking.is_empty() {
            return None;
        }
        let found = format!("no {}", few(&lacking));
        let next = "before the other image runs, back up its databases: this one could not start on them afterwards";
        let text = FindingText { expected: "every migration that the other image has", found: &found, next };
        Some(context.finding(MIGRATION, Some(&format!("{package}/migrations")), text))
    };
    theirs.iter().filter_map(finding).collect()
}
