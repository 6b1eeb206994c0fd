//! Images as data: how one runs, and what is wrong with it.

mod run_configuration;

pub use run_configuration::{RunConfiguration, verify_run_configuration};
