//! The image that a recipe makes.

use serde::Serialize;

use crate::health::HealthCheck;
use crate::step::StepId;

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
