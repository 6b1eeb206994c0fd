//! What can go wrong while an engine runs.

use std::fmt;
use std::path::Path;

use diagnostics::{escaped, write_hint};

/// A failure of a process or of the engine itself.
#[derive(Debug)]
pub enum EngineError {
    /// A program is not on the PATH, or nothing that could run the build is.
    Missing {
        /// What was looked for.
        what: String,
        /// What was found instead, a line each.
        details: Vec<String>,
        /// What to do.
        hint: String,
    },
    /// The operating system refused something.
    Io {
        /// What was attempted.
        doing: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A program ran and failed.
    Failed {
        /// The command line.
        command: String,
        /// Exit code, when it was not a signal.
        code: Option<i32>,
        /// The step that failed, when one is to blame.
        step: Option<String>,
        /// The last lines it printed.
        tail: Vec<String>,
        /// What is known about such a failure.
        hint: Option<&'static str>,
        /// Whether the repository is to blame, rather than the engine or the network.
        repository: bool,
        /// The file with everything that was printed.
        log: Option<Box<Path>>,
    },
    /// What somebody named, such as an image, is not there or not what it should be; the error says all of it.
    Damaged(Box<dyn std::error::Error + Send + Sync>),
    /// The user or the system asked to stop.
    Interrupted,
}

impl EngineError {
    /// An input or output error while `doing` something; that may name an entry of an untrusted archive.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = escaped(&doing.into());
        move |source| Self::Io { doing, source }
    }
}

impl EngineError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Missing { hint, .. } => Some(hint),
            Self::Failed { hint, .. } => *hint,
            _ => None,
        }
    }

    /// What went wrong, without the hint.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A string takes everything.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Missing { what, details, .. } => {
                write!(out, "{what}")?;
                for detail in details {
                    write!(out, "\n  {detail}")?;
                }
                Ok(())
            }
            Self::Io { doing, source } => write!(out, "{doing}: {source}"),
            Self::Failed { command, code, step, tail, log, .. } => {
                match step {
                    Some(step) => write!(out, "the step {step} failed")?,
                    None => write!(out, "a command failed")?,
                }
                if let Some(code) = code {
                    write!(out, " (exit code {code})")?;
                }
                write!(out, "\n  command: {command}")?;
                for line in tail {
                    write!(out, "\n  | {line}")?;
                }
                match log {
                    Some(log) => write!(out, "\n  full log: {}", log.display()),
                    None => Ok(()),
                }
            }
            Self::Damaged(error) => write!(out, "{error}"),
            Self::Interrupted => write!(out, "interrupted; the previous image and artifacts are untouched"),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_text(out)?;
        write_hint(out, self.hint())
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
