//! What is known of a build, collected while it runs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use containers::LocalImage;
use diagnostics::{Finding, WrongUsage};
use image::LayerContents;
use process::StepState;
use recipe::Recipe;
use serde_json::json;

use super::facts::{EngineName, Facts};
use super::found::Found;
use super::page::{self, BuildResult};
use super::record::{self, Previous, Record};
use super::timeline::{Bar, StepOutcome};
use crate::console::Console;
use crate::files::write_atomically;
use crate::state::State;
use crate::step_log::StepLog;

/// A build under way.
pub struct BuildReport<'a> {
    /// What the steps do is reported here.
    pub(crate) steps: StepLog<'a>,
    /// Says what there is to say meanwhile.
    pub(crate) console: &'a dyn Console,
    reference: &'a str,
    file: Option<&'a Path>,
    facts: RefCell<Facts>,
    /// Whether the page was written, or could not be.
    is_written: Cell<bool>,
}

impl<'a> BuildReport<'a> {
    /// Of a build that begins now. The page goes to `file`.
    pub fn begin(reference: &'a str, file: Option<&'a Path>, console: &'a dyn Console) -> Self {
        let steps = StepLog::new(console);
        Self { steps, console, reference, file, facts: RefCell::default(), is_written: Cell::new(false) }
    }

    /// Whether somebody wants a page.
    pub(crate) fn is_wanted(&self) -> bool {
        self.file.is_some()
    }

    /// What will run, and by what.
    pub(crate) fn planned(&self, engine: EngineName, recipe: &Recipe, state: &State) {
        let place = record::file(state.folder(), engine.name());
        let previous = match record::read(&place) {
            Previous::Known(record) => Some(*record),
            Previous::None => None,
            Previous::Damaged => {
                let text = "cannot be read, so the build is compared with none before; this one replaces it";
                self.console.warning(&format!("the record {} {text}", place.display()));
                None
            }
        };
        let needs = |step: &recipe::Step| step.needs.iter().map(ToString::to_string).collect();
        let mut facts = self.facts.borrow_mut();
        facts.engine = Some(engine);
        facts.steps = recipe.steps.iter().map(|step| (step.id.to_string(), step.summary.clone())).collect();
        facts.needs = recipe.steps.iter().map(|step| (step.id.to_string(), needs(step))).collect();
        facts.folder.clone_from(&recipe.image.working_directory);
        facts.record = place;
        facts.previous = previous;
        if let Some(record) = &facts.previous {
            self.console.last_durations(&record.steps);
        }
    }

    /// A step of the recipe that does not run in this build.
    pub(crate) fn left_out(&self, step: &str) {
        self.facts.borrow_mut().steps.retain(|(name, _)| name != step);
    }

    /// A step that runs beside all others: the engine waits for it at the end alone, whatever the recipe says.
    pub(crate) fn is_beside(&self, step: &str) {
        self.facts.borrow_mut().needs.values_mut().for_each(|needs| needs.retain(|name| name != step));
    }

    /// Why each step ran that did.
    pub(crate) fn explained(&self, why: &BTreeMap<String, Vec<String>>) {
        self.facts.borrow_mut().why.clone_from(why);
    }

    /// What verifiers found, and what of it a baseline accepts.
    pub(crate) fn found<'f>(
        &self,
        findings: impl IntoIterator<Item = &'f Finding>,
        accepted: impl IntoIterator<Item = &'f Finding>,
    ) {
        let findings = findings.into_iter().map(|finding| Found::new(finding, false));
        let accepted = accepted.into_iter().map(|finding| Found::new(finding, true));
        self.facts.borrow_mut().findings = Some(findings.chain(accepted).collect());
    }

    /// What is in the image's layers.
    pub(crate) fn holds(&self, contents: Vec<LayerContents>) {
        self.facts.borrow_mut().contents = contents;
    }

    /// Writes the page of a build that succeeded, and what the next one is compared with. Gives the page's file.
    ///
    /// # Errors
    /// One of them cannot be written.
    pub(crate) fn finish(&self, image: &LocalImage) -> Result<Option<&'a Path>> {
        self.is_written.set(true);
        let written = self.write(&BuildResult::Done(image))?;
        let facts = self.facts.borrow();
        record::write(&facts.record, &self.record(&facts, image))?;
        Ok(written)
    }

    /// Id of the image that the last build of this name gave.
    pub(crate) fn previous_image(&self) -> Option<String> {
        let facts = self.facts.borrow();
        facts.previous.as_ref().filter(|record| record.reference == self.reference).map(|record| record.image.clone())
    }

    /// Does a part of the build, and writes the page if it fails. Wrong usage is no build.
    ///
    /// # Errors
    /// Those of the work.
    pub fn cover<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        work().inspect_err(|error| {
            if !error.is::<WrongUsage>() {
                self.fail(error);
            }
        })
    }

    /// Writes the page of a build that failed. When that fails too, the reason of the build matters more.
    fn fail(&self, error: &anyhow::Error) {
        if self.is_written.replace(true) {
            return;
        }
        if let Err(second) = self.write(&BuildResult::Failed(self.console.error_text(error))) {
            self.console.warning(&self.console.error_text(&second));
        }
    }

    fn write(&self, result: &BuildResult<'_>) -> Result<Option<&'a Path>> {
        let Some(file) = self.file else { return Ok(None) };
        let facts = self.facts.borrow().typeable(self.console);
        let text = page::render(&facts, &self.bars(result), self.reference, self.steps.seconds(), result)
            .context("filling in the template assets/report.html")?;
        write_atomically(file, text.as_bytes()).context("writing the report")?;
        self.console.message("report", json!({ "file": file }));
        self.console.line(&format!("report: {}", file.display()));
        Ok(Some(file))
    }

    /// Every step of the recipe; and before or after those, by when it began, what is none: fetching root file systems,
    /// or the other stages of a Dockerfile.
    fn bars(&self, result: &BuildResult<'_>) -> Vec<Bar> {
        let (facts, spans, now) = (self.facts.borrow(), self.steps.spans(), self.steps.seconds());
        let planned = facts.steps.iter().map(|(name, _)| name);
        let first = planned.clone().filter_map(|name| spans.get(name)).map(|span| span.start).fold(f64::MAX, f64::min);
        let others = spans.keys().filter(|name| !facts.needs.contains_key(*name));
        let (before, after): (Vec<_>, Vec<_>) = others.partition(|name| spans[*name].start <= first);
        let names = before.into_iter().chain(planned).chain(after);
        let bar = |name: &String| {
            let Some(span) = spans.get(name) else {
                // One that the engine never mentioned had nothing to do.
                let outcome =
                    if matches!(result, BuildResult::Done(_)) { StepOutcome::Cached } else { StepOutcome::NotReached };
                return Bar { step: name.clone(), outcome, start: 0.0, end: 0.0, seconds: 0.0 };
            };
            let (end, outcome) = match span.end {
                None => (now, StepOutcome::Stopped),
                Some((heard, StepState::Ran)) => (heard, StepOutcome::Ran),
                Some((heard, StepState::Cached | StepState::Skipped)) => (heard, StepOutcome::Cached),
                Some((heard, StepState::Failed)) => (heard, StepOutcome::Failed),
            };
            // The embedded engine measures a step itself, and we hear of its end when we listen again.
            let measured = span.start + span.seconds;
            let is_measured = facts.engine == Some(EngineName::Embedded) && span.end.is_some();
            let end = if is_measured { measured.min(end) } else { end };
            let seconds = if span.end.is_some() { span.seconds } else { end - span.start };
            Bar { step: name.clone(), outcome, start: span.start, end, seconds }
        };
        names.map(bar).collect()
    }

    fn record(&self, facts: &Facts, image: &LocalImage) -> Record {
        let previous = facts.previous.clone().unwrap_or_default();
        let ran = self.steps.spans().into_iter().filter(|(_, span)| matches!(span.end, Some((_, StepState::Ran))));
        let ran: BTreeMap<String, f64> = ran.map(|(name, span)| (name, span.seconds)).collect();
        // To see that nothing changed is no build to compare another one with.
        let is_same = ran.is_empty() && previous.image == image.id;
        let (ended, seconds) =
            if is_same { (previous.ended, previous.seconds) } else { (unix_seconds(), self.steps.seconds()) };
        let mut steps = previous.steps;
        steps.extend(ran);
        // Layers that are known from before need no second look.
        let known = facts.contents.iter().chain(&previous.contents);
        let contents = |digest: &String| known.clone().find(|layer| layer.diff_id.as_str() == digest).cloned();
        let findings = facts.findings.clone().unwrap_or(previous.findings);
        Record {
            reference: self.reference.to_owned(),
            ended,
            seconds,
            image: image.id.clone(),
            size: image.size,
            steps,
            layers: image.layers.clone(),
            contents: image.layers.iter().filter_map(contents).collect(),
            findings,
            ..Record::new()
        }
    }
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
