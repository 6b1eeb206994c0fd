//! The image that a recipe makes.

use monorepo::Monorepo;
use serde::Serialize;

use crate::health::{HealthCheck, health_check};
use crate::runtime::mkdocs;
use crate::sources;
use crate::step::{Step, StepId};

/// The folder of the app, in builders and in the image.
pub const WORKING_DIRECTORY: &str = "/app";

/// What an image does when it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuntimeImage {
    /// User and group, as numbers: some platforms refuse names.
    pub user: String,
    /// Working directory.
    pub working_directory: String,
    /// Environment, as `NAME=value`.
    pub environment: Vec<String>,
    /// The port the backend listens on.
    pub port: u16,
    /// Program and arguments.
    pub command: Vec<String>,
    /// How engines ask it whether it is ready.
    pub health_check: Option<HealthCheck>,
    /// Configuration and other files beside the bundle, relative to the root.
    pub files: Vec<String>,
    /// The step whose outputs are the installed packages.
    pub dependencies: StepId,
    /// The step whose archive is the application.
    pub application: StepId,
    /// What is in the image below the app.
    pub programs: Vec<ImageProgram>,
}

/// A folder of programs that a step leaves for the image, at the place where its commands saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageProgram {
    /// The step.
    pub step: StepId,
    /// The folder.
    pub folder: String,
    /// Symbolic links to what is in it: where each is and where it leads.
    pub links: Vec<(String, String)>,
}

/// What the image holds below the app.
pub(crate) fn image_programs(steps: &[Step]) -> Vec<ImageProgram> {
    let is_there = steps.iter().any(|step| step.id == StepId::TechDocs);
    is_there.then(mkdocs).into_iter().collect()
}

pub(crate) fn runtime_image(repo: &Monorepo, programs: Vec<ImageProgram>) -> RuntimeImage {
    let mut environment = vec!["NODE_ENV=production".to_owned()];
    if repo.lockfile.entries.iter().any(|entry| entry.name() == "isolated-vm") {
        // isolated-vm crashes Node 20 and later without it (its README, "Requirements").
        environment.push("NODE_OPTIONS=--no-node-snapshot".to_owned());
    }
    let configs = repo.configs.deployed.iter().flat_map(|name| ["--config".to_owned(), name.clone()]);
    RuntimeImage {
        user: "1000:1000".to_owned(),
        working_directory: WORKING_DIRECTORY.to_owned(),
        environment,
        port: repo.configs.port,
        command: ["node".to_owned(), repo.backend().folder.clone()].into_iter().chain(configs).collect(),
        health_check: health_check(repo),
        files: sources::runtime(repo),
        dependencies: StepId::ProductionDependencies,
        application: StepId::BuildBackend,
        programs,
    }
}
