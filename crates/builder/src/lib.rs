//! Builds images: what a build is told, the driver that every build goes through, the engines behind it, and what is
//! kept of a build for the next one.
//!
//! Nothing here reads arguments or prints; what there is to print goes to a [`Console`].

mod archives;
mod backend;
mod boot_image;
mod console;
mod context;
mod docker;
mod docker_layout;
mod documents;
mod drift;
mod driver;
#[cfg(test)]
mod driver_fakes;
#[cfg(test)]
mod driver_tests;
mod embedded;
mod engine;
mod epoch;
mod files;
mod from_git;
mod git;
mod outputs;
pub mod pins;
mod preflight;
mod provenance;
mod push;
mod report;
mod result;
pub mod sbom;
mod secrets;
mod settings;
mod shippable;
pub mod state;
mod step_log;
pub mod summary;
mod verifier;

pub use archives::default_folder as default_artifacts_folder;
pub use boot_image::{Backend, Boot, Booted, KEPT, Subject};
pub use console::Console;
pub use engine::{BuildRequest, Chosen, EngineChoice, EngineRequest, Wants, build, choose};
pub use files::{sha256_of, write_atomically, write_with_folders};
pub use from_git::check_out;
pub use git::{git, without_credentials};
pub use preflight::warn as warn_of_context;
pub use report::BuildReport;
pub use result::FinishedBuild;
pub use sandbox::{Gates, Reuse};
pub use settings::{BootSettings, BuildSettings, DocumentSettings, EmbeddedSettings, OutputSettings, RuntimeKind};
pub use step_log::StepLog;
