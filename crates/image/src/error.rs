//! What can go wrong while images are written and read.

use std::path::{Path, PathBuf};

use diagnostics::{escaped, write_hint};
use std::{fmt, io};

/// A failure. It names the file, what was found, and what was expected.
#[derive(Debug)]
pub enum ImageError {
    /// The operating system refused something.
    Io {
        /// What was attempted, with the path.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
    /// A file is not what it should be.
    Unexpected {
        /// The file.
        file: PathBuf,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Something was asked for that cannot be.
    Refused {
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
    },
}

impl ImageError {
    /// A refusal by the system while doing something to `path`.
    pub(crate) fn io(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let doing = format!("{doing} {}", path.display());
        move |source| Self::Io { doing, source }
    }

    /// A file that is not what it should be.
    pub(crate) fn unexpected(file: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Unexpected { file: file.to_owned(), expected: expected.into(), found: found.into() }
    }

    /// Something that cannot be done, and what to do instead.
    pub(crate) fn refused(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into(), hint: hint.into() }
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, source } => write!(out, "{doing}: {source}"),
            Self::Unexpected { file, expected, found } => {
                // What an untrusted image holds must not steer a terminal.
                let [file, expected, found] = [&file.display().to_string(), expected, found].map(|text| escaped(text));
                write!(out, "{file}\n  expected: {expected}\n  found: {found}")
            }
            Self::Refused { reason, hint } => {
                write!(out, "{reason}")?;
                write_hint(out, Some(hint))
            }
        }
    }
}

impl std::error::Error for ImageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Unexpected { .. } | Self::Refused { .. } => None,
        }
    }
}
