//! Engines: what runs a recipe. An engine knows how to run a step, never what to build.

mod base_image;
mod config_check;
pub mod docker;
pub mod embedded;
mod engine;
mod event;
mod failure;
mod guard;
mod hints;
mod process;
mod redact;
pub mod root;
pub mod run;
mod secrets;

pub use base_image::{BaseImageRequest, make_base_image};
pub use config_check::{ConfigCheck, Verdict};
pub use engine::{BuildJob, Engine, ImageArchive, LocalImage};
pub use event::{Event, Reporter, StepState, as_step};
pub use failure::EngineError;
pub use guard::remove_tree;
pub use hints::hint_for;
pub use process::{Interrupt, Invocation, Outcome};
pub use secrets::{Secret, SecretSource, find_secrets, system_certificates};
