//! Container engines: their commands as values. What to build is decided elsewhere.

mod base_image;
pub mod docker;
mod engine;

pub use base_image::{BaseImageRequest, make_base_image};
pub use engine::{BuildJob, Engine, LocalImage};
