//! Deciding about every file of an app.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::class::PruneClass;
use super::explain::{Count, ExplainSize, PackageSize};
use super::manifest::Package;
use super::schemas::Schemas;
use super::tree::{AppTree, packages};
use super::{folders, rules};
use crate::error::ImageError;
use crate::folder::Candidate;
use crate::layer_files::LayerFiles;
use crate::platform::Platform;

/// The compiler of config schemas in TypeScript, and who may ask for it: a package and those that need it.
const COMPILER: [(&str, &[&str]); 2] = [
    ("typescript", &["@backstage/config-loader", "ts-json-schema-generator"]),
    ("ts-json-schema-generator", &["@backstage/config-loader"]),
];

/// What to leave out of an app, and what that amounts to.
#[derive(Debug)]
pub struct PrunePlan {
    classes: BTreeSet<PruneClass>,
    platform: Platform,
    packages: HashMap<String, Installed>,
    /// Links in `node_modules/.bin` to packages that go.
    programs: BTreeSet<String>,
    schemas: Schemas,
    counted: HashMap<String, Count>,
    explained: ExplainSize,
}

#[derive(Debug)]
struct Installed {
    package: Package,
    /// Folders at its top that go.
    folders: Vec<String>,
    /// Whether all of it goes.
    is_compiler: bool,
}

impl PrunePlan {
    /// Reads the manifests of the trees and decides what may go, of these classes.
    ///
    /// # Errors
    /// When a manifest or a program cannot be read.
    pub fn new(trees: &[AppTree], classes: BTreeSet<PruneClass>, platform: Platform) -> Result<Self, ImageError> {
        let all = packages(trees)?;
        let schemas = Schemas::of(&all)?;
        let compiler = if schemas.in_typescript { BTreeSet::new() } else { compiler(&all) };
        let has_folders = classes.contains(&PruneClass::TestsAndDocs);
        let mut classes = classes;
        if schemas.in_typescript {
            classes.remove(&PruneClass::TypeDeclarations);
        }
        let (mut installed, mut programs) = (HashMap::new(), BTreeSet::new());
        for package in all {
            let is_compiler = !package.is_workspace
                && classes.contains(&PruneClass::ConfigSchemaCompiler)
                && compiler.contains(package.name.as_str());
            if is_compiler {
                programs.extend(package.programs.iter().cloned());
            }
            let folders = if has_folders && !package.is_workspace { folders::unused(&package)? } else { Vec::new() };
            let target = package.target.to_string_lossy().into_owned();
            installed.insert(target, Installed { package, folders, is_compiler });
        }
        let (counted, explained) = (HashMap::new(), ExplainSize::default());
        Ok(Self { classes, platform, packages: installed, programs, schemas, counted, explained })
    }

    /// A filter for [`LayerFiles::add_folder`] of a folder whose place is `target`, relative to the app's root.
    /// It counts what it sees.
    pub fn filter(&mut self, target: impl AsRef<Path>) -> impl FnMut(Candidate<'_>) -> bool {
        move |candidate| {
            let path = target.as_ref().join(candidate.path);
            candidate.is_directory || self.keeps(&path, candidate.size)
        }
    }

    /// Whether a file or link stays: its path relative to the app's root, and its bytes. It is counted.
    pub fn keeps(&mut self, path: &Path, size: u64) -> bool {
        let path = path.to_string_lossy();
        let class = self.class_of(&path);
        match class {
            Some(class) => self.explained.classes.entry(class).or_default().add(size),
            None => {
                self.explained.kept.add(size);
                let package = package_of(&path).or_else(|| self.workspace_of(&path)).unwrap_or("");
                match self.counted.get_mut(package) {
                    Some(count) => count.add(size),
                    None => self.counted.entry(package.to_owned()).or_default().add(size),
                }
            }
        }
        class.is_none()
    }

    /// Compares the config schemas of the app with those in the layers, of which `app` is the app's root.
    ///
    /// # Errors
    /// When one was lost or altered: secrets would no longer be redacted.
    pub fn verify_schemas(&self, layers: &[&LayerFiles], app: impl AsRef<Path>) -> Result<(), ImageError> {
        self.schemas.verify(layers, app.as_ref())
    }

    /// What was counted.
    pub fn explain(&self) -> ExplainSize {
        let mut sizes = BTreeMap::<String, Count>::new();
        for (target, count) in &self.counted {
            let name = self.packages.get(target).map(|Installed { package, .. }| match package.version.as_str() {
                "" => package.name.clone(),
                version => format!("{}@{version}", package.name),
            });
            let sum = sizes.entry(name.unwrap_or_else(|| "(no package)".to_owned())).or_default();
            sum.bytes += count.bytes;
            sum.files += count.files;
        }
        let mut packages: Vec<_> = sizes.into_iter().map(|(package, kept)| PackageSize { package, kept }).collect();
        packages.sort_by_key(|package| std::cmp::Reverse(package.kept.bytes));
        ExplainSize { packages, ..self.explained.clone() }
    }

    /// The enabled class that a file is of, if any.
    fn class_of(&self, path: &str) -> Option<PruneClass> {
        let class = match package_of(path) {
            Some(target) => self.packages.get(target).and_then(|installed| {
                let inner = path.strip_prefix(target)?.strip_prefix('/')?;
                installed.class_of(inner, &self.platform)
            }),
            None => self.outside(path),
        };
        class.filter(|class| self.classes.contains(class))
    }

    /// The folder of the innermost workspace that a path lies in.
    fn workspace_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let mut folders = path.rmatch_indices('/').map(|(end, _)| &path[..end]);
        folders.find(|folder| self.packages.contains_key(*folder))
    }

    /// The class of a file that no installed package owns.
    fn outside(&self, path: &str) -> Option<PruneClass> {
        let (folders, name) = path.rsplit_once('/')?;
        if folders.ends_with("node_modules/.bin") {
            return self.programs.contains(name).then_some(PruneClass::ConfigSchemaCompiler);
        }
        let in_dist = !folders.contains("node_modules") && folders.split('/').any(|folder| folder == "dist");
        (in_dist && rules::is_source_map(name)).then_some(PruneClass::AppSourceMaps)
    }
}

impl Installed {
    fn class_of(&self, path: &str, platform: &Platform) -> Option<PruneClass> {
        let top = path.split_once('/').map(|(top, _)| top);
        if self.is_compiler {
            Some(PruneClass::ConfigSchemaCompiler)
        } else if rules::is_protected(&self.package, path) {
            None
        } else if self.package.name == "typescript" {
            // Whoever asks for the compiler also needs its declarations.
            rules::is_source_map(path).then_some(PruneClass::SourceMaps)
        } else if top.is_some_and(|top| self.folders.iter().any(|folder| folder == top)) {
            Some(PruneClass::TestsAndDocs)
        } else {
            rules::class_of(&self.package, path, platform)
        }
    }
}

/// The parts of the compiler that nobody but the config loader asks for.
fn compiler(packages: &[Package]) -> BTreeSet<&'static str> {
    let is_free = |name: &str, users: &[&str]| {
        let mut needing = packages.iter().filter(|package| package.needs.contains(name));
        needing.all(|package| users.contains(&package.name.as_str()))
    };
    if COMPILER.iter().all(|(name, users)| is_free(name, users)) {
        COMPILER.iter().map(|(name, _)| *name).collect()
    } else {
        BTreeSet::new()
    }
}

/// The folder of the innermost installed package that a path lies in.
fn package_of(path: &str) -> Option<&str> {
    let inner = path.rfind("node_modules/").filter(|start| *start == 0 || path[..*start].ends_with('/'))?;
    let start = inner + "node_modules/".len();
    let parts = if path[start..].starts_with('@') { 2 } else { 1 };
    let end = path[start..].match_indices('/').nth(parts - 1)?.0;
    (!path[start..].starts_with('.')).then(|| &path[..start + end])
}
