//! What a build says at its end.

use containers::LocalImage;
use diagnostics::Finding;
pub(crate) use diagnostics::megabytes;
use process::StepState;
use recipe::Recipe;
use serde::Serialize;

use crate::step_log::StepLog;

/// One step in the summary.
#[derive(Debug, Serialize)]
pub(crate) struct StepLine {
    pub(crate) step: String,
    pub(crate) state: StepState,
    pub(crate) seconds: f64,
}

/// How the recipe's steps ended.
pub(crate) fn step_lines(recipe: &Recipe, log: &StepLog<'_>) -> Vec<StepLine> {
    let line = |step: String| {
        let (state, seconds) = log.of(&step);
        StepLine { step, state, seconds }
    };
    recipe.steps.iter().map(|step| line(step.id.to_string())).collect()
}

/// The table of steps and the image, for people.
pub(crate) fn table(steps: &[StepLine], image: &LocalImage, reference: &str, seconds: f64) -> String {
    let mut text = String::from("\nsteps\n");
    for line in steps {
        let what = match line.state {
            StepState::Ran => format!("ran    {:>7.1} s", line.seconds),
            StepState::Cached => "cached".to_owned(),
            StepState::Failed => "failed".to_owned(),
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

/// A finding for people: what it is, why it matters and the way out.
pub(crate) fn finding(finding: &Finding) -> String {
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
pub(crate) fn accepted(finding: &Finding) -> String {
    format!("accepted {} {}", finding.code, place(finding))
}

/// What a finding is about: an archive, or an entry in it; or a line of a file.
pub(crate) fn place(finding: &Finding) -> String {
    match (&finding.entry, finding.line) {
        (Some(entry), _) => format!("{}: {entry}", finding.subject),
        (None, Some(line)) => format!("{}:{line}", finding.subject),
        (None, None) => finding.subject.clone(),
    }
}
