//! The files by which Flightcontrol deploys the image, beside the Dockerfile.

mod app_config;
mod service;
mod watch_paths;

pub use app_config::app_config;
pub use service::{Merged, flightcontrol_json};
pub(crate) use service::{environments, normal, own_service};
pub(crate) use watch_paths::{inputs, watch_paths};

/// Name of the file that describes the services, in the root of the repository.
pub const FLIGHTCONTROL: &str = "flightcontrol.json";

/// A text as JSON writes it, which YAML reads the same.
fn quoted(text: impl AsRef<str>) -> String {
    serde_json::Value::from(text.as_ref()).to_string()
}
