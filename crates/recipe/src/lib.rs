//! The recipe: which steps make the image of a repository, from which inputs. Data, made from facts by
//! pure functions; an engine runs it, and [`render`] writes it down as a Dockerfile.

mod action;
mod archive;
mod command_line;
mod dist_workspace;
mod dockerfile;
mod fingerprint;
mod health;
mod place;
mod plan;
mod runtime;
mod runtime_image;
mod scripts;
mod sources;
mod step;
mod steps;

pub use action::{Action, Script};
pub use archive::{Archive, DistWorkspace, OUT, PackageBuild};
pub use dockerfile::{Rendered, is_as_rendered, render, sign};
pub use fingerprint::reduced_manifests;
pub use health::HealthCheck;
pub use place::{Place, Root, YarnPackage};
pub use plan::{Recipe, SCHEMA_VERSION, default_base_image, installing_step, plan};
pub use runtime_image::{ImageProgram, RuntimeImage, WORKING_DIRECTORY};
pub use scripts::{WITH_BUILD_ENVIRONMENT, fill, script_text, shim_text, yarn_file};
pub use step::{Cache, Handed, Inputs, Keeps, ManifestForm, Origin, OriginForm, Platform, Sharing, Shim, Step, StepId};
