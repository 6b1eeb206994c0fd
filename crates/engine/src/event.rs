//! What an engine reports while it works. The binary decides how to show it.

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
