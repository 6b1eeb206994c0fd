//! What one build works with, shared by its steps.

use std::path::PathBuf;
use std::sync::Arc;

use monorepo::Monorepo;
use process::Secret;
use recipe::{OriginForm, Place, Recipe, Step, StepId};

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

/// Whether steps that are gates run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gates {
    /// The image gets its name only when all of them passed.
    #[default]
    Closed,
    /// Somebody else checks: an editor, or CI.
    Open,
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
    /// Whether gates run.
    pub gates: Gates,
    /// Whether earlier results count.
    pub reuse: Reuse,
}

impl EmbeddedJob {
    /// The work tree of a step.
    pub(crate) fn tree(&self, step: &StepId) -> PathBuf {
        self.state.join("trees").join(step.to_string())
    }

    /// Where the content of the application's archive is laid out.
    pub(crate) fn unpacked(&self) -> PathBuf {
        self.state.join("trees").join("dist-workspace")
    }

    /// Where packed bundles wait while the rest of the production workspace is laid out.
    pub(crate) fn bundles_aside(&self) -> PathBuf {
        self.state.join("trees").join("bundles-aside")
    }

    /// Whether a step's result is there without running it: root file systems are made by others.
    pub(crate) fn is_given(&self, id: &StepId) -> bool {
        self.recipe
            .step(id)
            .is_some_and(|step| matches!(step.place, Place::BuilderRoot { .. } | Place::ImageRoot { .. }))
    }

    /// pip, where a step wants packages of Debian while it runs: Python's is the only one of which we keep wheels.
    pub(crate) fn pip_of(&self, step: &Step) -> Option<&PathBuf> {
        let wants = matches!(&step.place, Place::WorkTree { packages, .. } if !packages.is_empty());
        self.builder.pip.as_ref().filter(|_| wants)
    }

    pub(crate) fn records(&self) -> Records {
        Records::at(self.state.join("records"))
    }

    /// The step whose work tree this one continues, and how; none where a root file system is all it stands on.
    pub(crate) fn origin<'a>(&'a self, step: &'a Step) -> Option<(&'a Step, &'a OriginForm)> {
        let origin = step.from.as_ref()?;
        let step = self.recipe.step(&origin.step).filter(|step| step.has_work_tree())?;
        Some((step, &origin.form))
    }
}
