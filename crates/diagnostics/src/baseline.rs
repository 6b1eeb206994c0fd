//! Findings that somebody has looked at and accepts for now.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::finding::{At, Finding, FindingKind, FindingText, shortened};

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

    fn accepts(&self, finding: &Finding) -> bool {
        !self.0.is_empty() && self.0.contains(&Accepted::of(finding))
    }

    /// What is accepted here of these kinds and not among `occurring`.
    fn stale<'a>(&'a self, occurring: &Self, kinds: &[FindingKind]) -> impl Iterator<Item = &'a Accepted> {
        let is_known = |accepted: &&Accepted| kinds.iter().any(|kind| kind.code == accepted.code);
        self.0.iter().filter(|accepted| !occurring.0.contains(accepted)).filter(is_known)
    }
}

/// What a baseline has to know of the verifier whose findings it accepts.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    /// Every kind of finding it makes; entries of other codes are another verifier's.
    pub kinds: &'a [FindingKind],
    /// The kind of a note about an entry of the baseline that no longer occurs.
    pub stale: FindingKind,
    /// Its command with its operands, such as `verify-image IMAGE`.
    pub command: &'a str,
    /// What its findings are about.
    pub subjects: Subjects<'a>,
}

/// What findings are about, and how a baseline names it.
#[derive(Debug, Clone, Copy)]
pub enum Subjects<'a> {
    /// Files that keep their names.
    Files,
    /// One thing that has another name each time.
    Renamed {
        /// Its name now.
        name: &'a str,
        /// Its name in every baseline.
        in_baseline: &'a str,
    },
}

impl Subjects<'_> {
    /// A finding as a baseline knows it.
    fn in_baseline(self, finding: &Finding) -> Finding {
        let mut finding = finding.clone();
        if let Self::Renamed { in_baseline, .. } = self {
            in_baseline.clone_into(&mut finding.subject);
        }
        finding
    }
}

/// Findings set apart by a baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaselineResult {
    /// Those that count.
    pub findings: Vec<Finding>,
    /// Those that are accepted.
    pub accepted: Vec<Finding>,
    /// The baseline that would accept all of them.
    pub baseline: Baseline,
}

impl Verifier<'_> {
    /// Sets apart what the baseline accepts of all that was found; an entry of it that no longer occurs is one more
    /// finding. Long lists are shortened only afterwards: a new finding does not hide behind accepted ones.
    pub fn apply(&self, accepted: &Baseline, found: Vec<Finding>) -> BaselineResult {
        let baseline =
            Baseline::of(&found.iter().map(|finding| self.subjects.in_baseline(finding)).collect::<Vec<_>>());
        let (known, mut findings): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|finding| accepted.accepts(&self.subjects.in_baseline(finding)));
        findings.extend(accepted.stale(&baseline, self.kinds).map(|entry| self.note(entry)));
        BaselineResult { findings: shortened(findings), accepted: shortened(known), baseline }
    }

    /// A note about an entry that no longer occurs.
    fn note(&self, stale: &Accepted) -> Finding {
        let subject = match self.subjects {
            Subjects::Files => &stale.subject,
            Subjects::Renamed { name, .. } => name,
        };
        let expected = format!("a finding {} there, as the baseline says", stale.code);
        let next = format!("write the baseline anew with `cargo xtask {} --write-baseline FILE`", self.command);
        let at = At { entry: stale.entry.as_deref(), ..At::subject(subject) };
        self.stale.finding(at, FindingText { expected: &expected, found: "none", next: &next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;

    const FOUND: FindingKind =
        FindingKind { code: "XX001", severity: Severity::Error, title: "found", page: "# XX001: found" };
    const STALE: FindingKind =
        FindingKind { code: "XX002", severity: Severity::Note, title: "stale", page: "# XX002: stale" };

    fn verifier(subjects: Subjects<'_>) -> Verifier<'_> {
        Verifier { kinds: &[FOUND, STALE], stale: STALE, command: "look FILE", subjects }
    }

    fn finding(subject: &str, entry: &str) -> Finding {
        FOUND.finding(At::entry(subject, entry), FindingText { expected: "a", found: "b", next: "c" })
    }

    #[test]
    fn accepted_findings_are_set_apart_and_stale_entries_are_notes() {
        let found = vec![finding("file", "a"), finding("file", "b")];
        let accepted = Baseline::of(&[finding("file", "a"), finding("file", "gone")]);
        let result = verifier(Subjects::Files).apply(&accepted, found.clone());
        assert_eq!(result.accepted, [found[0].clone()]);
        assert_eq!(result.baseline, Baseline::of(&found), "a note is not accepted by a baseline");
        let [counts, note] = &result.findings[..] else { panic!("{:?}", result.findings) };
        assert_eq!(*counts, found[1]);
        assert_eq!((note.code, note.subject.as_str(), note.entry.as_deref()), ("XX002", "file", Some("gone")));
        assert_eq!(note.expected, "a finding XX001 there, as the baseline says");
        assert_eq!(note.next, "write the baseline anew with `cargo xtask look FILE --write-baseline FILE`");
    }

    #[test]
    fn one_thing_may_have_another_name_each_time() {
        let verifier = verifier(Subjects::Renamed { name: "app:2", in_baseline: "image" });
        let accepted = Baseline::of(&[finding("image", "a"), finding("image", "gone")]);
        let result = verifier.apply(&accepted, vec![finding("app:2", "a")]);
        assert_eq!(result.accepted, [finding("app:2", "a")]);
        assert_eq!(result.baseline, Baseline::of(&[finding("image", "a")]));
        assert_eq!(result.findings.iter().map(|note| note.subject.as_str()).collect::<Vec<_>>(), ["app:2"]);
    }

    #[test]
    fn a_new_finding_does_not_hide_behind_accepted_ones() {
        let many: Vec<Finding> = (0..30).map(|number| finding("file", &number.to_string())).collect();
        let result = verifier(Subjects::Files).apply(&Baseline::default(), many.clone());
        assert_eq!(result.findings.len(), 20);
        assert_eq!(result.findings[19].found, "b (and 10 more of this kind)");
        let result = verifier(Subjects::Files).apply(&Baseline::of(&many[..29]), many.clone());
        assert_eq!((result.findings, result.accepted.len()), (vec![many[29].clone()], 20));
    }
}
