//! Findings that somebody has looked at and accepts for now.

use std::collections::BTreeSet;

use monorepo::Finding;
use serde::{Deserialize, Serialize};

use crate::codes::{At, STALE_BASELINE};

/// Accepted findings, by code and place; what exactly was found there may change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline(BTreeSet<Accepted>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    code: String,
    subject: String,
    #[serde(default)]
    entry: Option<String>,
}

impl Accepted {
    fn of(finding: &Finding) -> Self {
        Self { code: finding.code.to_owned(), subject: finding.subject.clone(), entry: finding.entry.clone() }
    }
}

impl Baseline {
    /// The baseline that accepts these findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        Self(findings.into_iter().map(Accepted::of).collect())
    }

    /// Reads what [`Baseline::to_json`] wrote.
    ///
    /// # Errors
    /// It is not a JSON list of such objects; the reason in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str::<Vec<Accepted>>(text)
            .map(|list| Self(list.into_iter().collect()))
            .map_err(|error| error.to_string())
    }

    /// A JSON list, sorted, so that its differences can be read.
    pub fn to_json(&self) -> String {
        let list: Vec<&Accepted> = self.0.iter().collect();
        serde_json::to_string_pretty(&list).unwrap_or_default() + "\n"
    }

    /// Number of accepted findings.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it accepts nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this finding is accepted.
    pub(crate) fn accepts(&self, finding: &Finding) -> bool {
        !self.0.is_empty() && self.0.contains(&Accepted::of(finding))
    }

    /// What is accepted here and not among `occurring`.
    pub(crate) fn stale(&self, occurring: &Self) -> Vec<Finding> {
        let finding = |accepted: &Accepted| {
            let at = At { archive: &accepted.subject, entry: accepted.entry.as_deref(), key: None };
            let expected = format!("a finding {} there, as the baseline says", accepted.code);
            let next = "write the baseline anew with `cargo xtask verify-artifacts --write-baseline FILE`";
            STALE_BASELINE.finding(at, &expected, "none", next)
        };
        self.0.difference(&occurring.0).map(finding).collect()
    }
}
