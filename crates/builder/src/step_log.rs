//! When each step of a build worked, and how it ended.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

use process::{Event, Reporter, StepState};

use crate::console::Console;

/// When a step worked, in seconds since the log was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// When we heard that it began.
    pub start: f64,
    /// When we heard that it ended, and how; nothing of a step that was stopped.
    pub end: Option<(f64, StepState)>,
    /// Seconds that it worked, as the engine says.
    pub seconds: f64,
}

/// Collects what happened to each step, on the way to the console.
pub struct StepLog<'a> {
    console: &'a dyn Console,
    spans: RefCell<BTreeMap<String, Span>>,
    start: Instant,
}

impl<'a> StepLog<'a> {
    /// A log that has seen nothing yet.
    pub fn new(console: &'a dyn Console) -> Self {
        Self { console, spans: RefCell::default(), start: Instant::now() }
    }

    /// How a step ended; one that the engine never mentioned had nothing to do.
    pub fn of(&self, step: &str) -> (StepState, f64) {
        let spans = self.spans.borrow();
        let ended = spans.get(step).and_then(|span| Some((span.end?.1, span.seconds)));
        ended.unwrap_or((StepState::Cached, 0.0))
    }

    /// Every step that was mentioned, by its name.
    pub fn spans(&self) -> BTreeMap<String, Span> {
        self.spans.borrow().clone()
    }

    /// Seconds since the log was made.
    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    fn note(&self, event: &Event) {
        let (now, mut spans) = (self.seconds(), self.spans.borrow_mut());
        match event {
            Event::StepStarted { step } => {
                // What works twice, such as fetching two root file systems, is one span.
                let span = spans.entry(step.clone()).or_insert(Span { start: now, end: None, seconds: 0.0 });
                span.end = None;
            }
            Event::StepFinished { step, state, seconds } => {
                let span = spans.entry(step.clone()).or_insert(Span { start: now, end: None, seconds: 0.0 });
                *span = Span { end: Some((now, *state)), seconds: span.seconds + seconds, ..*span };
            }
            Event::StepOutput { .. } => {}
        }
    }
}

impl Reporter for StepLog<'_> {
    fn report(&self, event: &Event) {
        self.note(event);
        self.console.report(event);
    }
}
