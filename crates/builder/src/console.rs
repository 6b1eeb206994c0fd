//! What a build prints while it runs. The program that runs it decides where that goes, and how it looks.

use std::collections::BTreeMap;

use process::Reporter;
use serde_json::Value;

/// Prints for people and for machines.
pub trait Console: Reporter {
    /// One line for people.
    fn line(&self, text: &str);

    /// A block of text for people.
    fn block(&self, text: &str);

    /// Something odd that stops nothing.
    fn warning(&self, text: &str);

    /// A message for machines, by the name of its event.
    fn message(&self, event: &str, fields: Value);

    /// How long steps took when they last ran, in seconds, by name; for whoever shows a running step.
    fn last_durations(&self, _steps: &BTreeMap<String, f64>) {}

    /// A text of ours, with the commands in it as they can be typed here.
    fn typeable(&self, text: &str) -> String;

    /// An error with its causes and hints, for people.
    fn error_text(&self, error: &anyhow::Error) -> String;
}
