//! The packages of npm and the workspaces in an image: what its manifests say, and its lockfile of how they need
//! one another.

use std::collections::{BTreeMap, BTreeSet};

use monorepo::{LOCKFILE, LockEntry, Lockfile};

use super::{Component, ComponentKind, purl};
use crate::verify::context::Context;
use crate::verify::notes::{Content, Package};
use crate::verify::packages::package_of;

/// Name and version.
type Named = (String, String);

/// The packages, each version once, and the workspaces.
pub(super) fn components(context: &Context<'_>) -> Vec<Component> {
    let text = context.text(&format!("{}/{LOCKFILE}", context.folder())).unwrap_or_default();
    // One that cannot be read says nothing of how packages need one another; they are there all the same.
    let lockfile = Lockfile::parse(text).unwrap_or_default();
    let graph = Graph::new(context, &lockfile);
    let installed = installed(context).map(|(_, package)| component(package, &graph));
    let workspaces = workspaces(context, &lockfile).map(|(package, entry)| Component {
        id: entry.resolution.clone(),
        kind: ComponentKind::Workspace,
        depends_on: graph.needs(entry),
        ..component(package, &graph)
    });
    installed.chain(workspaces).collect()
}

fn component(package: &Package, graph: &Graph<'_>) -> Component {
    let entry = graph.entry(&package.name, &package.version);
    Component {
        id: purl::npm(&package.name, &package.version),
        kind: ComponentKind::Npm,
        name: package.name.clone(),
        version: package.version.clone(),
        licences: package.licences.clone(),
        checksum: entry.and_then(|entry| entry.checksum.clone()),
        depends_on: entry.map(|entry| graph.needs(entry)).unwrap_or_default(),
    }
}

/// Every manifest with a name and a version, by its folder.
fn manifests<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a str, &'a Package)> {
    context.notes().filter_map(|(path, content)| match content {
        Content::Package(package) if !package.name.is_empty() => {
            Some((path.strip_suffix("package.json")?.trim_end_matches('/'), package))
        }
        _ => None,
    })
}

/// The manifests of installed packages themselves, not those of folders in them.
fn installed<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a str, &'a Package)> {
    manifests(context).filter(|(folder, package)| {
        let is_whole = package_of(&format!("{folder}/")).is_some_and(|(of, _)| of == *folder);
        is_whole && !package.version.is_empty()
    })
}

/// The workspaces, by the lockfile.
fn workspaces<'a, 'b>(
    context: &Context<'a>,
    lockfile: &'b Lockfile,
) -> impl Iterator<Item = (&'a Package, &'b LockEntry)> {
    let root = context.folder();
    manifests(context).filter_map(move |(folder, package)| {
        let inside = folder.strip_prefix(root)?.trim_start_matches('/');
        let inside = if inside.is_empty() { "." } else { inside };
        Some((package, lockfile.workspace(&package.name, inside)?))
    })
}

/// How packages need one another.
struct Graph<'a> {
    /// What each descriptor, such as `a@npm:^1.0.0`, resolves to.
    descriptors: BTreeMap<&'a str, &'a LockEntry>,
    entries: BTreeMap<(&'a str, &'a str), &'a LockEntry>,
    /// Versions that are in the image, by name.
    installed: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Graph<'a> {
    fn new(context: &Context<'_>, lockfile: &'a Lockfile) -> Self {
        let entries = &lockfile.entries;
        let descriptors =
            entries.iter().flat_map(|entry| entry.descriptors.iter().map(move |one| (one.as_str(), entry)));
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, version) in installed(context).map(|(_, package)| named(package)) {
            versions.entry(name).or_default().insert(version);
        }
        Self {
            descriptors: descriptors.collect(),
            entries: entries.iter().map(|entry| ((entry.name(), entry.version.as_str()), entry)).collect(),
            installed: versions,
        }
    }

    fn entry(&self, name: &str, version: &str) -> Option<&'a LockEntry> {
        self.entries.get(&(name, version)).copied()
    }

    /// The ids of what an entry depends on. A descriptor that `resolutions` of the root's manifest replaced is not
    /// in the lockfile: where the image has one version of such a package alone, it is that one.
    fn needs(&self, entry: &LockEntry) -> BTreeSet<String> {
        let id = |(name, range): (&String, &String)| match self.descriptors.get(format!("{name}@{range}").as_str()) {
            Some(found) if found.resolution.contains("@workspace:") => Some(found.resolution.clone()),
            Some(found) => Some(purl::npm(found.name(), &found.version)),
            None => {
                let versions = self.installed.get(name).filter(|versions| versions.len() == 1)?;
                versions.first().map(|version| purl::npm(name, version))
            }
        };
        entry.dependencies.iter().filter_map(id).collect()
    }
}

fn named(package: &Package) -> Named {
    (package.name.clone(), package.version.clone())
}
