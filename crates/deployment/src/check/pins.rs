//! How long ago was locked what images stand on.

use diagnostics::Finding;

use super::codes::OLD;
use super::context::{FindingText, finding};

/// Something of Debian, or a base image, that a lock names by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// What it is.
    pub what: String,
    /// The file that names it, relative to the root.
    pub file: String,
    /// The line where, from 1.
    pub line: usize,
    /// Its age in days.
    pub days: u64,
    /// The age in days at which it is old.
    pub limit: u64,
}

pub(super) fn check(pins: &[Pin]) -> Vec<Finding> {
    let old = pins.iter().filter(|pin| pin.days > pin.limit);
    let finding = |pin: &Pin| {
        let expected = format!("at most {} days", pin.limit);
        let found = format!("{}, locked {} days ago", pin.what, pin.days);
        let next = "run `cargo xtask base-image --update` and commit the file";
        finding(OLD, &pin.file, pin.line, FindingText { expected: &expected, found: &found, next })
    };
    old.map(finding).collect()
}
