//! One step of a recipe.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

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
    /// How many files of the tree that is.
    pub files: usize,
    /// SHA-256 over the names, modes and contents of all of them.
    pub digest: String,
}

/// Programs of our own that run inside the builder, under `assets/scripts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Script {
    /// Writes the reduced manifests that a stage reads.
    LayOutManifests,
    /// Every installed package must be in the lockfile.
    CheckLockfile,
    /// The archives must ask for what was installed.
    CheckSkeleton,
    /// The bundler writes the config schemas in another order each time.
    SortConfigSchema,
}

/// One thing a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Action {
    /// Runs a program; no shell is between.
    Run {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Working directory relative to the work tree; empty for its root.
        folder: String,
    },
    /// Runs a program of ours with Node.
    Script {
        /// Which.
        script: Script,
        /// Working directory relative to the work tree; empty for its root.
        folder: String,
    },
}

/// One step: what it needs, reads, runs and leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// For people, a clause.
    pub summary: String,
    /// Steps that come before.
    pub needs: Vec<StepId>,
    /// The step whose work tree this one continues.
    pub from: Option<StepId>,
    /// What it reads from the repository.
    pub inputs: Inputs,
    /// What it does, in order.
    pub actions: Vec<Action>,
    /// Named caches it may use.
    pub caches: Vec<&'static str>,
    /// Names of the secrets it may read.
    pub secrets: Vec<String>,
    /// Environment of its programs, beyond the builder's own.
    pub env: BTreeMap<String, String>,
    /// Whether it needs the network.
    pub network: bool,
    /// What it leaves for others, relative to the work tree.
    pub outputs: Vec<String>,
    /// SHA-256 over all of the above and the fingerprints of what it needs.
    pub fingerprint: String,
}
