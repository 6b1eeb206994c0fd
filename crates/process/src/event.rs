//! What an engine reports while it works. The binary decides how to show it.

use std::time::Instant;

use serde::Serialize;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It did work.
    Ran,
    /// Its result was there already.
    Cached,
    /// It failed.
    Failed,
    /// It was left out on request.
    Skipped,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// A step began to work.
    StepStarted {
        /// The step.
        step: String,
    },
    /// A step printed a line.
    StepOutput {
        /// The step.
        step: String,
        /// The line, without its end.
        line: String,
    },
    /// A step ended.
    StepFinished {
        /// The step.
        step: String,
        /// How.
        state: StepState,
        /// Seconds it worked; 0 when cached.
        seconds: f64,
    },
}

/// Receives events as they happen.
pub trait Reporter {
    /// Called for each event, on the thread that runs the build.
    fn report(&self, event: &Event);
}

/// Reports work as a step.
///
/// # Errors
/// Those of the work.
pub fn as_step<T, E>(name: &str, reporter: &dyn Reporter, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let start = Instant::now();
    reporter.report(&Event::StepStarted { step: name.to_owned() });
    let result = work();
    let state = if result.is_ok() { StepState::Ran } else { StepState::Failed };
    reporter.report(&Event::StepFinished { step: name.to_owned(), state, seconds: start.elapsed().as_secs_f64() });
    result
}
