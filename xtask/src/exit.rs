//! Errors into exit codes: 1 the repository, 2 the usage, 3 the environment, 130 an interrupt.

use std::fmt;
use std::process::ExitCode;

use diagnostics::{Problem, Problems};
use image::ImageError;
use process::{EngineError, Interrupt};
use serde_json::json;

use crate::output::Printer;

/// Begins the line that says what to do.
const HINT: &str = "\n  hint: ";
/// What to do about a full disk.
const MAKE_ROOM: &str = "make room on its disk; `cargo xtask clean --report` lists what this tool keeps";
/// The repository, its artifacts or the image are wrong.
const REPOSITORY: u8 = 1;
/// The command line asks for something there is not.
const USAGE: u8 = 2;
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

/// A wrong command line that the parser could not know to be one.
#[derive(Debug)]
pub(crate) struct WrongUsage(pub(crate) String);

impl fmt::Display for WrongUsage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

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

/// The error, and what to do about it.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let text = with_causes(error);
    let is_full = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull)
    };
    if !text.contains(HINT) && error.chain().any(is_full) { text + HINT + MAKE_ROOM } else { text }
}

/// The error and its causes in one line, then what hints any of them has.
fn with_causes(error: &anyhow::Error) -> String {
    let mut causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    // Some errors say their cause themselves.
    causes.dedup_by(|cause, before| before.ends_with(cause.as_str()));
    let parts: Vec<_> = causes.iter().map(|cause| cause.split_once(HINT).unwrap_or((cause, ""))).collect();
    // A problem with several places has a hint for each of them, where it is.
    if parts.len() == 1 {
        return causes.concat();
    }
    let text = parts.iter().map(|(text, _)| *text).collect::<Vec<_>>().join(": ");
    parts.iter().filter(|(_, hint)| !hint.is_empty()).fold(text, |text, (_, hint)| text + HINT + hint)
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

/// The form of an error for machines.
pub(crate) fn as_json(message: &str, code: u8) -> serde_json::Value {
    json!({ "event": "error", "message": message, "exit_code": code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_come_last() {
        let error = anyhow::anyhow!("disk full").context("writing a\n  hint: name another place").context("saving");
        assert_eq!(message(&error), "saving: writing a: disk full\n  hint: name another place");
        let error = anyhow::Error::from(EngineError::io("reading x")(std::io::Error::other("broken disk")));
        assert_eq!(message(&error), "reading x: broken disk");
        let error = anyhow::Error::from(EngineError::io("writing x")(std::io::ErrorKind::StorageFull.into()));
        assert!(message(&error).starts_with("writing x: no storage space\n  hint: make room"), "{}", message(&error));
        assert_eq!(message(&anyhow::anyhow!("a\n  hint: b\nc\n  hint: d")), "a\n  hint: b\nc\n  hint: d");
    }
}
