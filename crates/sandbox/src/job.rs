//! What one build works with, shared by its steps.

use std::path::PathBuf;
use std::sync::Arc;

use monorepo::Monorepo;
use process::Secret;
use recipe::{Recipe, Step, StepId};

use crate::record::Records;
use crate::sandbox::Sandbox;

/// The root file system that steps run over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// Its folder.
    pub path: PathBuf,
    /// What it was made from, as a digest.
    pub digest: String,
    /// Folder of the npm package `@yarnpkg/cli-dist`, where the repository has no committed Yarn release.
    pub yarn: Option<PathBuf>,
    /// Folder with pip's wheel, where steps install Python packages.
    pub pip: Option<PathBuf>,
}

/// Whether the type check is a gate of this build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TypeCheck {
    /// The image gets its name only when the check passed.
    #[default]
    Gate,
    /// Somebody else checks: an editor, or CI.
    Skip,
}

/// Whether earlier results count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Equal inputs, no work.
    #[default]
    Unchanged,
    /// Every step runs, from an empty work tree.
    Nothing,
}

/// One build.
pub struct EmbeddedJob {
    /// The facts.
    pub repo: Arc<Monorepo>,
    /// The plan.
    pub recipe: Arc<Recipe>,
    /// Makes sandboxes.
    pub sandbox: Arc<dyn Sandbox>,
    /// What the steps run over.
    pub builder: Builder,
    /// The repository's own folder of work trees and records.
    pub state: PathBuf,
    /// Caches that all repositories share.
    pub caches: PathBuf,
    /// Secrets, by reference.
    pub secrets: Vec<Secret>,
    /// Folder for the log of each step.
    pub logs: PathBuf,
    /// Whether types are checked.
    pub typecheck: TypeCheck,
    /// Whether earlier results count.
    pub reuse: Reuse,
}

impl EmbeddedJob {
    /// The work tree of a step.
    pub(crate) fn tree(&self, step: &StepId) -> PathBuf {
        self.state.join("trees").join(step.to_string())
    }

    /// Where the production workspace is laid out, as `bundle.tar.gz` holds it.
    pub(crate) fn dist_workspace(&self) -> PathBuf {
        self.state.join("trees").join("dist-workspace")
    }

    /// Where packed bundles wait while the rest of the production workspace is laid out.
    pub(crate) fn bundles_aside(&self) -> PathBuf {
        self.state.join("trees").join("bundles-aside")
    }

    pub(crate) fn records(&self) -> Records {
        Records::at(self.state.join("records"))
    }

    pub(crate) fn step(&self, id: &StepId) -> Option<&Step> {
        self.recipe.steps.iter().find(|step| step.id == *id)
    }
}
