//! One step of a recipe.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::action::Action;
use crate::archive::Archive;
use crate::place::Place;

/// Names a step; also the name of its stage in the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepId {
    /// The compilers and the package manager.
    Toolchain,
    /// Every dependency of every workspace.
    Install,
    /// What the production workspace needs, and nothing else.
    ProductionDependencies,
    /// The TypeScript compiler, as a gate.
    Typecheck,
    /// One bundled package, by the end of its folder.
    Build(String),
    /// The backend and the two archives.
    BuildBackend,
    /// Debian packages of the image.
    RuntimePackages,
    /// MkDocs, for documentation that the backend generates.
    TechDocs,
    /// Everything under `/app` of the image.
    Assemble,
}

impl fmt::Display for StepId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toolchain => out.write_str("toolchain"),
            Self::Install => out.write_str("install"),
            Self::ProductionDependencies => out.write_str("production-dependencies"),
            Self::Typecheck => out.write_str("typecheck"),
            Self::Build(package) => write!(out, "build-{package}"),
            Self::BuildBackend => out.write_str("build-backend"),
            Self::RuntimePackages => out.write_str("runtime-packages"),
            Self::TechDocs => out.write_str("techdocs"),
            Self::Assemble => out.write_str("assemble"),
        }
    }
}

impl Serialize for StepId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How much of the manifests a step reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestForm {
    /// None, beyond those among its paths.
    None,
    /// The install fields of every workspace.
    Install,
    /// The install fields of the production workspaces, bundled ones without dependencies.
    Production,
}

/// What a step reads from the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inputs {
    /// Manifests, reduced to what matters.
    pub manifests: ManifestForm,
    /// Folders of the manifests, `.` for the root.
    pub manifest_folders: Vec<String>,
    /// Files and folders, relative to the root.
    pub paths: Vec<String>,
    /// What other steps made.
    pub outputs: Vec<Handed>,
    /// How many files of the tree that is.
    pub files: usize,
    /// SHA-256 over the names, modes and contents of all of them.
    pub digest: String,
}

/// What a step hands to another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Handed {
    /// The step that made it.
    pub step: StepId,
    /// Its path in the work trees of both.
    pub path: String,
}

/// The step whose work tree another one continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// That step.
    pub step: StepId,
    /// How its tree is used.
    #[serde(flatten)]
    pub form: OriginForm,
}

/// How a step uses the work tree that it continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "form")]
pub enum OriginForm {
    /// The files that the origin read are there, and its outputs, which cannot be changed.
    Linked,
    /// A copy, which the commands may cut down; the step's manifests stand in for those of the origin.
    CutDown {
        /// What the commands change in place (a name, at any depth): a copy made of links would share it.
        private: Vec<String>,
    },
}

/// What a backend may leave in a work tree from one run to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Keeps {
    /// Paths; a name without a slash is kept at any depth. None means that the tree begins empty.
    pub paths: Vec<String>,
    /// Packages whose native code is in what is kept: when the list or the builder changes, all of it is stale.
    pub compiled: Option<Vec<String>>,
}

impl Keeps {
    /// Whether a path of the work tree may stay.
    pub fn keeps(&self, path: &str) -> bool {
        let is_named = |kept: &String| match kept.contains('/') {
            true => path == kept,
            false => path.rsplit('/').next() == Some(kept),
        };
        self.paths.iter().any(is_named)
    }
}

/// A program that a step's commands find instead of the one of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shim {
    /// The program's name.
    pub name: String,
    /// Folders of packages that it does not build, since their output is handed in.
    pub built: Vec<String>,
}

/// Whether two users of a cache may work at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// Any number.
    Shared,
    /// One.
    Exclusive,
}

/// A cache, which commands find as `/cache/NAME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cache {
    /// Its name.
    pub name: &'static str,
    /// How it is used.
    pub sharing: Sharing,
}

/// Where a step runs when an image is for another platform than the machine that builds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Once, for the machine that builds.
    Build,
    /// Once for each platform of the image.
    Target,
}

/// One step: everything that a backend must know to run it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// For people, a clause.
    pub summary: String,
    /// Steps that come before.
    pub needs: Vec<StepId>,
    /// Where it works.
    pub place: Place,
    /// The step whose work tree, or root file system, this one continues.
    pub from: Option<Origin>,
    /// What it reads from the repository and from other steps.
    pub inputs: Inputs,
    /// What it does, in order.
    pub actions: Vec<Action>,
    /// What may stay in its work tree for the next run.
    pub keeps: Keeps,
    /// What it leaves for others, relative to the work tree.
    pub outputs: Vec<String>,
    /// What it may leave besides.
    pub optional_outputs: Vec<String>,
    /// The archive among its outputs, if there is one.
    pub archive: Option<Archive>,
    /// Programs that its commands find first.
    pub shims: Vec<Shim>,
    /// Whether it must succeed before the image is named, though nothing waits for its files.
    pub gate: bool,
    /// Where it runs.
    pub platform: Platform,
    /// Caches that it may use.
    pub caches: Vec<Cache>,
    /// Names of the secrets it may read.
    pub secrets: Vec<String>,
    /// Environment of its programs, beyond the builder's own.
    pub env: BTreeMap<String, String>,
    /// Whether it needs the network.
    pub network: bool,
    /// SHA-256 over all of the above and the fingerprints of what it needs.
    pub fingerprint: String,
}

impl Step {
    /// Whether it has a work tree of its own.
    pub fn has_work_tree(&self) -> bool {
        matches!(self.place, Place::WorkTree { .. })
    }

    /// Everything that it may leave.
    pub fn all_outputs(&self) -> impl Iterator<Item = &String> {
        self.outputs.iter().chain(&self.optional_outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_at_any_depth_and_a_path_where_it_is() {
        let keeps = Keeps { paths: vec!["node_modules".to_owned(), ".yarn/unplugged".to_owned()], compiled: None };
        for path in ["node_modules", "packages/app/node_modules", ".yarn/unplugged"] {
            assert!(keeps.keeps(path), "{path}");
        }
        for path in ["node_modules/x", "packages/.yarn/unplugged", ".yarn", "my_node_modules"] {
            assert!(!keeps.keeps(path), "{path}");
        }
        assert!(!Keeps::default().keeps("node_modules"));
    }
}
