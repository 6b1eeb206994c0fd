//! Errors into exit codes: 1 the repository, 2 the usage, 3 the environment, 130 an interrupt.

use std::fmt;
use std::process::ExitCode;

use engine::{EngineError, Interrupt};
use monorepo::{Problem, Problems};
use serde_json::json;

use crate::output::Printer;

/// The repository or its artifacts are wrong.
const REPOSITORY: u8 = 1;
/// The engine, the network or the disk failed.
const ENVIRONMENT: u8 = 3;
/// Stopped by a signal, as a shell would say it.
const INTERRUPTED: u8 = 130;

/// The repository or what was made from it fails a check; the message says all there is to say.
#[derive(Debug)]
pub(crate) struct CheckFailed(pub(crate) String);

impl fmt::Display for CheckFailed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for CheckFailed {}

/// Prints an error and gives the code to exit with.
pub(crate) fn report(error: &anyhow::Error, interrupt: &Interrupt, printer: &Printer) -> ExitCode {
    if interrupt.is_set() {
        printer.error(&EngineError::Interrupted.to_string(), INTERRUPTED);
        return ExitCode::from(INTERRUPTED);
    }
    let code = code(error);
    printer.error(&format!("{error:#}"), code);
    ExitCode::from(code)
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<Problems>() || error.is::<Problem>() || error.is::<CheckFailed>() {
        return REPOSITORY;
    }
    match error.downcast_ref::<EngineError>() {
        Some(EngineError::Failed { repository: true, .. }) => REPOSITORY,
        Some(EngineError::Interrupted) => INTERRUPTED,
        _ => ENVIRONMENT,
    }
}

/// The form of an error for machines.
pub(crate) fn as_json(message: &str, code: u8) -> serde_json::Value {
    json!({ "event": "error", "message": message, "exit_code": code })
}
