//! What one look at the machine says.

use serde::Serialize;

/// How good it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LineState {
    Ok,
    Warning,
    Failed,
}

impl LineState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// Who has to fix it, which decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Owner {
    Repository,
    Machine,
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    pub(super) check: &'static str,
    pub(super) state: LineState,
    pub(super) of: Owner,
    /// What is there.
    pub(super) found: String,
    /// What to do, unless all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl Line {
    /// Something of the machine that is well.
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: LineState::Ok, of: Owner::Machine, found: found.into(), next: None }
    }

    /// Something that may break a build.
    pub(super) fn warning(check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { state: LineState::Warning, next: Some(next.into()), ..Self::ok(check, found) }
    }

    /// Something without which no build works.
    pub(super) fn failed(check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { state: LineState::Failed, ..Self::warning(check, found, next) }
    }

    /// The same, of the repository.
    pub(super) fn of_repository(self) -> Self {
        Self { of: Owner::Repository, ..self }
    }
}
