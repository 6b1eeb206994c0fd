//! What a build says at its end.

use std::fmt::Write;
use std::path::Path;

use artifacts::Verification;
use containers::LocalImage;
use diagnostics::{BaselineResult, Finding, Severity, megabytes};
use process::StepState;
use recipe::Recipe;
use serde::Serialize;

use crate::step_log::StepLog;

/// One step in the summary.
#[derive(Debug, Serialize)]
pub struct StepLine {
    /// Its name.
    pub step: String,
    /// How it ended.
    pub state: StepState,
    /// Seconds it worked.
    pub seconds: f64,
}

/// How the recipe's steps ended.
pub fn step_lines(recipe: &Recipe, log: &StepLog<'_>) -> Vec<StepLine> {
    let line = |step: String| {
        let (state, seconds) = log.of(&step);
        StepLine { step, state, seconds }
    };
    recipe.steps.iter().map(|step| line(step.id.to_string())).collect()
}

/// The table of steps and the image, for people.
pub fn table(steps: &[StepLine], image: &LocalImage, reference: &str, seconds: f64) -> String {
    let mut text = String::from("\nsteps\n");
    for line in steps {
        let what = match line.state {
            StepState::Ran => format!("ran    {:>7.1} s", line.seconds),
            StepState::Cached => "cached".to_owned(),
            StepState::Failed => "failed".to_owned(),
            StepState::Skipped => "skipped".to_owned(),
        };
        text += &format!("  {:<24} {what}\n", line.step);
    }
    text += &format!(
        "image\n  reference  {reference}\n  id         {}\n  size       {}, {} layers\n  in all     {seconds:.1} s\n",
        image.id,
        megabytes(image.size),
        image.layers.len()
    );
    text
}

/// The archives, then every finding about them that weighs at least `least`.
pub fn archives(place: &Path, verification: &Verification, least: Severity) -> String {
    let mut text = format!("artifacts in {}\n", place.display());
    for archive in &verification.archives {
        let _ = writeln!(
            text,
            "  {:<18} {:>5} entries {:>10} packed {:>10} unpacked  sha256:{}",
            archive.name,
            archive.entries,
            megabytes(archive.bytes),
            megabytes(archive.unpacked_bytes),
            &archive.sha256[..12.min(archive.sha256.len())]
        );
    }
    for found in verification.at_least(least) {
        let _ = writeln!(text, "{}", finding(found));
    }
    for found in &verification.accepted {
        let _ = writeln!(text, "{}", accepted(found));
    }
    text
}

/// The archives of a build, and what was found in them and in the image that is no reason to stop.
pub(crate) fn outcome(place: &Path, verification: &Verification, image: &BaselineResult) -> String {
    let mut text = archives(place, verification, Severity::Warning);
    for found in image.findings.iter().filter(|finding| finding.severity >= Severity::Warning) {
        let _ = writeln!(text, "{}", finding(found));
    }
    for found in &image.accepted {
        let _ = writeln!(text, "{}", accepted(found));
    }
    text
}

/// A finding for people: what it is, why it matters and the way out.
pub fn finding(finding: &Finding) -> String {
    format!(
        "{} {} {}\n  found {}, expected {}\n  why: {}\n  hint: {}",
        finding.severity.name(),
        finding.code,
        place(finding),
        finding.found,
        finding.expected,
        finding.why,
        finding.next
    )
}

/// A finding that a baseline accepts, for people.
pub fn accepted(finding: &Finding) -> String {
    format!("accepted {} {}", finding.code, place(finding))
}

/// What a finding is about: an archive, or an entry in it; or a line of a file.
pub fn place(finding: &Finding) -> String {
    match (&finding.entry, finding.line) {
        (Some(entry), _) => format!("{}: {entry}", finding.subject),
        (None, Some(line)) => format!("{}:{line}", finding.subject),
        (None, None) => finding.subject.clone(),
    }
}
