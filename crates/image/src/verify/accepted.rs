//! Findings about an image, without those that somebody accepts.

use diagnostics::{Baseline, BaselineResult, Finding, Subjects, Verifier};

use crate::codes::{CODES, STALE_BASELINE};

/// What a baseline calls every image: the next one has another name.
const IMAGE: &str = "image";

/// Sets apart what is accepted of all findings about the image `subject`.
pub fn apply_baseline(subject: &str, found: Vec<Finding>, accepted: &Baseline) -> BaselineResult {
    let subjects = Subjects::Renamed { name: subject, in_baseline: IMAGE };
    Verifier { kinds: CODES, stale: STALE_BASELINE, command: "verify-image IMAGE", subjects }.apply(accepted, found)
}
