//! Workspaces: which folders they are, and how they depend on each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diagnostics::{Problem, Problems};

use crate::glob::Glob;
use crate::manifest::{Dependencies, Manifest};
use crate::role::Role;
use crate::tree::Tree;

/// One workspace of the monorepo.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Package name.
    pub name: String,
    /// Folder relative to the root, without a slash at its end.
    pub folder: String,
    /// Its `package.json`.
    pub manifest: Manifest,
}

impl Workspace {
    /// Path of the manifest, relative to the root.
    pub fn manifest_path(&self) -> String {
        format!("{}/package.json", self.folder)
    }

    /// Whether a script of the user's own builds it, which may read and make any file; only what the Backstage
    /// CLI does is known.
    pub fn has_custom_build(&self) -> bool {
        let script = self.manifest.script("build").unwrap_or("backstage-cli package build");
        let prepack = self.manifest.script("prepack").unwrap_or("backstage-cli package prepack");
        !script.starts_with("backstage-cli package build") || !prepack.starts_with("backstage-cli")
    }

    /// Whether the Backstage CLI builds it with the bundler, in a process of its own.
    pub fn is_bundle(&self) -> bool {
        self.manifest.role().is_some_and(Role::is_bundled_by_the_cli)
    }
}

/// All workspaces, sorted by folder.
#[derive(Debug, Clone, Default)]
pub struct Workspaces {
    list: Vec<Workspace>,
    by_name: BTreeMap<String, usize>,
}

impl Workspaces {
    /// Expands the globs of the root manifest, and of every workspace that has globs of its own.
    ///
    /// # Errors
    /// A glob or manifest is broken, a workspace has no name, or two share one.
    pub fn read(root: &Path, root_manifest: &Manifest, tree: &Tree) -> Result<Self, Problems> {
        let mut found: BTreeMap<String, Manifest> = BTreeMap::new();
        let mut pending = vec![(String::new(), root_manifest.clone())];
        let mut problems = Vec::new();
        while let Some((base, manifest)) = pending.pop() {
            let Some(field) = &manifest.workspaces else { continue };
            let patterns = Patterns::new(&base, field.globs())?;
            let folders = manifest_folders(tree).filter(|folder| patterns.select(folder));
            for folder in folders {
                if found.contains_key(folder) {
                    continue;
                }
                match Manifest::read(root, &format!("{folder}/package.json")) {
                    Ok(manifest) => {
                        pending.push((folder.to_owned(), manifest.clone()));
                        found.insert(folder.to_owned(), manifest);
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        }
        if problems.is_empty() { Self::collect(found) } else { Err(Problems(problems)) }
    }

    fn collect(found: BTreeMap<String, Manifest>) -> Result<Self, Problems> {
        let mut workspaces = Self::default();
        let mut problems = Vec::new();
        for (folder, manifest) in found {
            let path = format!("{folder}/package.json");
            let Some(name) = manifest.name.clone() else {
                problems.push(Problem::new(path, "no \"name\"", "a package name", "add one, then run `yarn install`"));
                continue;
            };
            if let Some(other) = workspaces.get(&name) {
                problems.push(Problem::new(
                    path,
                    format!("the name {name}, which {} has too", other.manifest_path()),
                    "a name of its own",
                    "rename one of the two, then run `yarn install`",
                ));
                continue;
            }
            workspaces.by_name.insert(name.clone(), workspaces.list.len());
            workspaces.list.push(Workspace { name, folder, manifest });
        }
        if problems.is_empty() { Ok(workspaces) } else { Err(Problems(problems)) }
    }

    /// Every workspace, sorted by folder.
    pub fn iter(&self) -> impl Iterator<Item = &Workspace> {
        self.list.iter()
    }

    /// The workspace of this package name.
    pub fn get(&self, name: &str) -> Option<&Workspace> {
        self.by_name.get(name).map(|index| &self.list[*index])
    }

    /// Number of workspaces.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The packages that go into a production workspace made for `start`: the closure over
    /// published local dependencies that stops at bundled packages
    /// (`cli-module-build`, `createDistWorkspace`). Sorted by folder, `start` included.
    pub fn production_closure<'a>(&'a self, start: &'a Workspace) -> Vec<&'a Workspace> {
        self.closure(start, |workspace| {
            if workspace.manifest.bundled {
                Vec::new()
            } else {
                workspace.manifest.published_dependencies().map(|(name, _)| name.as_str()).collect()
            }
        })
    }

    /// The packages whose sources a bundler may read to build `start`. Its own development
    /// dependencies count, since everything it imports is bundled; those of the others do not.
    pub fn source_closure<'a>(&'a self, start: &'a Workspace) -> Vec<&'a Workspace> {
        self.closure(start, |workspace| {
            let manifest = &workspace.manifest;
            let own = (workspace.name == start.name).then_some(&manifest.dev_dependencies);
            let names = manifest.published_dependencies().chain(&manifest.peer_dependencies);
            names
                .map(|(name, _)| name.as_str())
                .chain(own.into_iter().flat_map(Dependencies::keys).map(String::as_str))
                .collect()
        })
    }

    fn closure<'a>(&'a self, start: &'a Workspace, next: impl Fn(&'a Workspace) -> Vec<&'a str>) -> Vec<&'a Workspace> {
        let mut seen: BTreeSet<&str> = BTreeSet::from([start.name.as_str()]);
        let mut pending = vec![start];
        while let Some(workspace) = pending.pop() {
            for local in next(workspace).into_iter().filter_map(|name| self.get(name)) {
                if seen.insert(&local.name) {
                    pending.push(local);
                }
            }
        }
        self.list.iter().filter(|workspace| seen.contains(workspace.name.as_str())).collect()
    }

    /// A cycle among published local dependencies, as the names along it, when there is one.
    pub fn cycle(&self) -> Option<Vec<&str>> {
        let mut done = BTreeSet::new();
        self.list.iter().find_map(|workspace| self.cycle_from(workspace, &mut Vec::new(), &mut done))
    }

    fn cycle_from<'a>(
        &'a self,
        workspace: &'a Workspace,
        path: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(start) = path.iter().position(|name| *name == workspace.name) {
            let mut cycle = path[start..].to_vec();
            cycle.push(&workspace.name);
            return Some(cycle);
        }
        if done.contains(workspace.name.as_str()) {
            return None;
        }
        path.push(&workspace.name);
        let locals = workspace.manifest.published_dependencies().filter_map(|(name, _)| self.get(name));
        let cycle = locals.into_iter().find_map(|local| self.cycle_from(local, path, done));
        path.pop();
        done.insert(&workspace.name);
        cycle
    }
}

/// Folders below the root that hold a manifest.
fn manifest_folders(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.iter().filter_map(|(path, _)| path.strip_suffix("/package.json"))
}

/// Workspace globs in order; `!` takes away what an earlier one selected.
struct Patterns(Vec<(bool, Glob)>);

impl Patterns {
    fn new(base: &str, globs: &[String]) -> Result<Self, Problem> {
        let compile = |glob: &String| {
            let (select, pattern) = match glob.strip_prefix('!') {
                Some(rest) => (false, rest),
                None => (true, glob.as_str()),
            };
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            let pattern = if base.is_empty() { pattern.to_owned() } else { format!("{base}/{pattern}") };
            match Glob::new(&pattern) {
                Ok(compiled) => Ok((select, compiled)),
                Err(error) => Err(Problem::new(
                    if base.is_empty() { "package.json".to_owned() } else { format!("{base}/package.json") },
                    format!("the workspace glob \"{glob}\" ({error})"),
                    "a glob such as \"packages/*\"",
                    "fix \"workspaces\", then run `yarn install`",
                )),
            }
        };
        Ok(Self(globs.iter().map(compile).collect::<Result<_, _>>()?))
    }

    fn select(&self, folder: &str) -> bool {
        self.0.iter().rfind(|(_, matcher)| matcher.is_match(folder)).is_some_and(|(select, _)| *select)
    }
}
