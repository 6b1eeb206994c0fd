//! Findings as a report and a record hold them.

use diagnostics::Finding;
use serde::{Deserialize, Serialize};

use crate::summary;

/// A finding, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// `error`, `warning` or `note`.
    pub(crate) severity: String,
    pub(crate) code: String,
    /// What it is about.
    pub(crate) place: String,
    pub(crate) found: String,
    pub(crate) expected: String,
    pub(crate) why: String,
    /// What to do.
    pub(crate) next: String,
    /// Whether a baseline accepts it.
    pub(crate) accepted: bool,
}

impl Found {
    /// Of a verifier.
    pub(crate) fn new(finding: &Finding, accepted: bool) -> Self {
        Self {
            severity: finding.severity.name().to_owned(),
            code: finding.code.to_owned(),
            place: summary::place(finding),
            found: finding.found.clone(),
            expected: finding.expected.clone(),
            why: finding.why.to_owned(),
            next: finding.next.clone(),
            accepted,
        }
    }
}
