//! The recipe: which steps make the image of a repository, from which inputs. Data, made from facts by
//! pure functions; an engine runs it, and [`render`] writes it down as a Dockerfile.

mod command_line;
mod dockerfile;
mod fingerprint;
mod plan;
mod sources;
mod step;

pub use dockerfile::{Rendered, is_as_rendered, render};
pub use plan::{Recipe, RuntimeImage, SCHEMA_VERSION, plan};
pub use step::{Action, Inputs, ManifestForm, Script, Step, StepId};
