//! What a verifier has to say. Shared by every crate that verifies.

use serde::Serialize;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing fails.
    Note,
    /// Wasteful or risky, but it runs.
    Warning,
    /// Must not ship.
    Error,
}

/// One observation about an artifact or an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable code, such as `BX001`; never reused for another meaning.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The archive or image it is about.
    pub subject: String,
    /// The entry inside the subject, when there is one.
    pub entry: Option<String>,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// The next command or edit.
    pub next: String,
}
