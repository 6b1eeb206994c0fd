//! Images as data: how one runs, and what is wrong with it.

mod codes;
mod run_configuration;

pub use codes::CODES;
pub use run_configuration::{RunConfiguration, verify_run_configuration};
