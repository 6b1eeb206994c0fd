//! Programs of others: how they are run, what they print on the way, and why they failed.

mod event;
mod failure;
pub mod fs;
mod hints;
mod invocation;
mod redact;
mod secrets;

pub use event::{Event, Reporter, StepState, as_step};
pub use failure::EngineError;
pub use fs::remove_tree;
pub use hints::{blames_environment, hint_for};
pub use invocation::{Interrupt, Invocation, Outcome, os_pipe, push_tail, without_escapes};
pub use redact::Redactor;
pub use secrets::{Secret, SecretSource, resolve_build_secrets, system_certificates};
