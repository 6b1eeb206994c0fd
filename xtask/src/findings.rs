//! What verifiers have in common: the form of their findings, and when they fail.

use std::path::PathBuf;

use anyhow::Result;
use diagnostics::{Baseline, Finding, FindingKind, Severity};
use serde_json::Value;

use crate::exit::CheckFailed;
use crate::flags::{FailOn, FindingFlags, MessageFormat};
use crate::output::Printer;
use crate::source_location::Places;
use crate::{baseline, github, invoked_as, sarif};

/// All that one verifier has to say.
pub(crate) struct Report<'a> {
    /// Every kind of finding it knows.
    pub(crate) kinds: &'a [FindingKind],
    pub(crate) findings: &'a [Finding],
    /// What a baseline accepts.
    pub(crate) accepted: &'a [Finding],
    pub(crate) places: &'a Places<'a>,
    /// For people.
    pub(crate) table: &'a dyn Fn() -> String,
    /// For machines: the name and the fields of a message.
    pub(crate) message: (&'a str, &'a dyn Fn() -> Value),
}

impl Report<'_> {
    /// Prints it in the form that was asked for.
    pub(crate) fn print(&self, printer: &Printer) {
        match printer.format() {
            MessageFormat::Human => printer.data(invoked_as::in_text(&(self.table)()).trim_end()),
            MessageFormat::Json => printer.message(self.message.0, (self.message.1)()),
            MessageFormat::Github => {
                for finding in self.findings {
                    printer.data(&github::annotation(finding, self.places.of(finding).as_ref()));
                }
            }
            MessageFormat::Sarif => {
                printer.document(&sarif::log(self.places, self.kinds, self.findings, self.accepted));
            }
        }
    }

    /// Writes the baseline that would accept all of it, where that is asked for; else an error, when there is a
    /// finding that is grave enough. `what` was verified.
    pub(crate) fn conclude(
        &self,
        flags: &FindingFlags,
        baseline: &Baseline,
        what: &str,
        printer: &Printer,
    ) -> Result<()> {
        match &flags.write_baseline {
            Some(path) => baseline::write(path, baseline, printer),
            None => self.require_sound(flags.fail_on, what),
        }
    }

    fn require_sound(&self, fail_on: FailOn, what: &str) -> Result<()> {
        let least = severity(fail_on);
        let grave: Vec<&Finding> = self.findings.iter().filter(|finding| finding.severity >= least).collect();
        let Some(first) = grave.first() else { return Ok(()) };
        let plural = if grave.len() == 1 { "" } else { "s" };
        let hint = format!("`cargo xtask explain {}` says why it matters and how it comes about", first.code);
        Err(CheckFailed::new(format!("{} problem{plural} in {what}", grave.len())).hint(hint).into())
    }
}

fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Note => Severity::Note,
    }
}

/// What the named baseline accepts; `command` writes one.
pub(crate) fn accepted(flags: &FindingFlags, command: &str) -> Result<Baseline> {
    let named = flags.baseline.as_deref().map(|path| baseline::read(path, &[command]));
    Ok(named.transpose()?.unwrap_or_default())
}

/// What was checked out, where GitHub Actions says it.
pub(crate) fn checkout() -> Option<PathBuf> {
    std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from)
}
