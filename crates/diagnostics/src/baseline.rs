//! Findings that somebody has looked at and accepts for now.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, FindingKind};

/// Accepted findings, by code and place; what exactly was found there may change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline(BTreeSet<Accepted>);

/// An accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Its code.
    pub code: String,
    /// What it is about: an archive, or an image.
    pub subject: String,
    /// The entry inside.
    #[serde(default)]
    pub entry: Option<String>,
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

    /// Accepts what the other one accepts, too.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether this finding is accepted.
    pub fn accepts(&self, finding: &Finding) -> bool {
        !self.0.is_empty() && self.0.contains(&Accepted::of(finding))
    }

    /// What is accepted here of these kinds and not among `occurring`.
    pub fn stale<'a>(&'a self, occurring: &Self, kinds: &[FindingKind]) -> Vec<&'a Accepted> {
        let is_known = |accepted: &&Accepted| kinds.iter().any(|kind| kind.code == accepted.code);
        self.0.iter().filter(|accepted| !occurring.0.contains(accepted)).filter(is_known).collect()
    }
}
