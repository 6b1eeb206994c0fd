//! The Docker engine: BuildKit through the buildx plugin, or through a client that speaks it by itself.

mod archive;
mod client;
mod command;
mod find;
mod image;
mod progress;

pub use client::{Builder, Docker, Target};
pub use command::BuildCommand;
pub use find::find;
