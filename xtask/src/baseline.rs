//! Files of findings that are accepted.

use std::path::Path;

use anyhow::Result;
use builder::write_atomically;
use diagnostics::{Baseline, Problem, Problems};

use crate::output::Printer;

/// Reads a baseline; each of the `commands` writes one.
pub(crate) fn read(path: &Path, commands: &[&str]) -> Result<Baseline> {
    // The option stands once, behind the last of them.
    let fix = format!("write it with `cargo xtask {} --write-baseline FILE`", commands.join("` or `cargo xtask "));
    let expected = "a JSON list of accepted findings";
    let problem = |found: String| Problems::from(Problem::new(path, found, expected, fix.as_str()));
    let text = std::fs::read_to_string(path).map_err(|error| problem(Problem::unreadable(path, &error).found))?;
    Ok(Baseline::parse(&text).map_err(problem)?)
}

/// Writes a baseline, and says how much it accepts.
pub(crate) fn write(path: &Path, baseline: &Baseline, printer: &Printer) -> Result<()> {
    write_atomically(path, baseline.to_json().as_bytes())?;
    let plural = if baseline.len() == 1 { "" } else { "s" };
    printer.say(&format!("{} accepts {} finding{plural}", path.display(), baseline.len()));
    Ok(())
}
