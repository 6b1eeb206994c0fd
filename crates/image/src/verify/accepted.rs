//! Findings about an image, without those that somebody accepts.

use diagnostics::{Baseline, Finding, shortened};

use super::context::Says;
use crate::codes::{CODES, STALE_BASELINE};

/// What a baseline calls every image: the next one has another name.
const IMAGE: &str = "image";

/// Findings set apart by a baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Those that count.
    pub findings: Vec<Finding>,
    /// Those that are accepted.
    pub accepted: Vec<Finding>,
    /// The baseline that would accept all of them.
    pub baseline: Baseline,
}

impl Judged {
    /// Sets apart what is accepted of all findings about the image `subject`; an entry of the baseline that no
    /// longer occurs is one more.
    pub fn new(subject: &str, found: Vec<Finding>, accepted: &Baseline) -> Self {
        let baseline = Baseline::of(&found.iter().map(unnamed).collect::<Vec<_>>());
        let (known, mut findings): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|finding| accepted.accepts(&unnamed(finding)));
        findings.extend(accepted.stale(&baseline, CODES).into_iter().map(|accepted| {
            let expected = format!("a finding {} there, as the baseline says", accepted.code);
            let next = "write the baseline anew with `cargo xtask verify-image IMAGE --write-baseline FILE`";
            let says = Says { expected: &expected, found: "none", next };
            STALE_BASELINE.finding(subject, accepted.entry.as_deref(), says)
        }));
        Self { findings: shortened(findings), accepted: shortened(known), baseline }
    }
}

fn unnamed(finding: &Finding) -> Finding {
    Finding { subject: IMAGE.to_owned(), ..finding.clone() }
}
