//! Errors into exit codes: 1 the repository, 2 the usage, 3 the environment, 130 an interrupt.

use std::process::ExitCode;

pub(crate) use diagnostics::{CheckFailed, WrongUsage};
use diagnostics::{Problem, Problems};
use image::ImageError;
use process::{EngineError, Interrupt};

use crate::error_text::message;
use crate::output::Printer;

/// The repository, its artifacts or the image are wrong.
const REPOSITORY: u8 = 1;
/// The command line asks for something there is not.
const USAGE: u8 = 2;
/// The engine, the network or the disk failed.
const ENVIRONMENT: u8 = 3;
/// Stopped by a signal, as a shell would say it.
const INTERRUPTED: u8 = 130;

/// Prints an error and gives the code to exit with.
pub(crate) fn report(error: &anyhow::Error, interrupt: &Interrupt, printer: &Printer) -> ExitCode {
    if interrupt.is_set() {
        printer.error(&EngineError::Interrupted.to_string(), INTERRUPTED);
        return ExitCode::from(INTERRUPTED);
    }
    let code = code(error);
    printer.error(&message(error), code);
    ExitCode::from(code)
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<Problems>() || error.is::<Problem>() || error.is::<CheckFailed>() {
        return REPOSITORY;
    }
    if error.is::<WrongUsage>() {
        return USAGE;
    }
    if let Some(ImageError::Unexpected { .. }) = error.downcast_ref() {
        return REPOSITORY;
    }
    match error.downcast_ref::<EngineError>() {
        Some(EngineError::Failed { repository: true, .. } | EngineError::Damaged(_)) => REPOSITORY,
        Some(EngineError::Interrupted) => INTERRUPTED,
        _ => ENVIRONMENT,
    }
}
