//! The recipe: which steps make the image of a repository, from which inputs. Data, made from facts by
//! pure functions; an engine runs it, and [`render`] writes it down as a Dockerfile.

mod command_line;
mod dist_workspace;
mod dockerfile;
mod fingerprint;
mod health;
mod plan;
mod runtime;
mod scripts;
mod sources;
mod step;

pub use dist_workspace::{DistWorkspace, PackageBuild, dist_workspace};
pub use dockerfile::{Rendered, is_as_rendered, render, sign};
pub use fingerprint::reduced_manifests;
pub use health::HealthCheck;
pub use plan::{Recipe, RuntimeImage, SCHEMA_VERSION, default_base_image, plan};
pub use runtime::{MKDOCS, TECHDOCS};
pub use scripts::{WITH_BUILD_ENVIRONMENT, fill, script_text, yarn_but_bundles, yarn_file};
pub use step::{Action, Inputs, ManifestForm, Script, Step, StepId};
