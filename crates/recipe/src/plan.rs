//! Facts into steps.

use std::collections::BTreeSet;

use monorepo::{Monorepo, NodeVersion};
use serde::Serialize;

use crate::fingerprint::{digest_of, seal};
use crate::runtime::{runtime_packages, techdocs};
use crate::runtime_image::{RuntimeImage, image_programs, runtime_image};
use crate::step::{Step, StepId};
use crate::steps::{
    assemble, build_backend, bundle_steps, install, production_dependencies, toolchain, typecheck_step,
};

/// Version of the JSON form of a recipe; it grows when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// Everything it takes to make the image of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipe {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Node's version, the same for every stage.
    pub node: NodeVersion,
    /// Reference of the base image.
    pub base_image: String,
    /// Folder of the backend.
    pub backend: String,
    /// Packages that may compile native code when installed.
    pub native_addons: BTreeSet<String>,
    /// The steps, each after what it needs.
    pub steps: Vec<Step>,
    /// The image.
    pub image: RuntimeImage,
    /// SHA-256 over the steps and the image: equal fingerprints mean no work.
    pub fingerprint: String,
}

impl Recipe {
    /// A step by its name.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// The step that makes the image of what the others left.
    pub fn assembling(&self) -> StepId {
        StepId::Assemble
    }

    /// Where the Dockerfile that it is written down as goes, relative to the root: beside the backend.
    pub fn dockerfile(&self) -> String {
        format!("{}/Dockerfile.flightcontrol", self.backend)
    }

    /// Where the ignore file of that goes.
    pub fn ignore_file(&self) -> String {
        format!("{}.dockerignore", self.dockerfile())
    }
}

/// The step whose work tree holds every installed package, in every recipe.
pub fn installing_step() -> StepId {
    StepId::Install
}

/// The default base image for a Node version.
pub fn default_base_image(node: &NodeVersion) -> String {
    format!("node:{}-trixie-slim", node.version)
}

/// Plans the image of `repo`, on `base_image` or else the default for its Node version.
pub fn plan(repo: &Monorepo, base_image: Option<&str>) -> Recipe {
    let base_image = base_image.map_or_else(|| default_base_image(&repo.node), str::to_owned);
    let mut steps = vec![toolchain(repo), install(repo), production_dependencies(repo)];
    steps.extend(typecheck_step(repo));
    let bundles = bundle_steps(repo);
    let backend = build_backend(repo, &bundles);
    steps.extend(bundles);
    steps.push(backend);
    let assemble = assemble(repo, &steps);
    steps.extend(runtime_packages(repo).into_iter().chain(techdocs(repo)));
    steps.push(assemble);
    seal(&mut steps, &base_image);
    let image = runtime_image(repo, image_programs(&steps));
    let fingerprint = digest_of(&(SCHEMA_VERSION, &base_image, &steps, &image, &repo.ignored));
    Recipe {
        schema: SCHEMA_VERSION,
        node: repo.node.clone(),
        base_image,
        backend: repo.backend().folder.clone(),
        native_addons: repo.lockfile.native_addons(),
        steps,
        image,
        fingerprint,
    }
}
