//! What this tool writes for others, against the standards that say how.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

#[path = "../common/mod.rs"]
mod common;
mod provenance;
mod sarif;
mod sbom;
mod settings;
mod validator;
#[path = "../harness/workflows.rs"]
#[allow(unreachable_pub, missing_docs, reason = "shared with other test targets")]
mod workflows;
mod written_workflows;
