//! `verify-artifacts`: are the two archives sound, and do they belong to this repository?

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use artifacts::{Baseline, Verification};
use monorepo::{Monorepo, Problem, Problems, Severity};
use serde_json::json;

use crate::exit::CheckFailed;
use crate::files::write_atomically;
use crate::flags::{FailOn, MessageFormat, RepositoryFlags, VerifyArtifacts};
use crate::output::Printer;
use crate::place::Places;
use crate::{github, repository, sarif, summary};

pub(crate) fn run(flags: &VerifyArtifacts, repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let dist = flags.dist.clone().unwrap_or_else(|| default_folder(&repo));
    let accepted = flags.baseline.as_deref().map(read_baseline).transpose()?.unwrap_or_default();
    let verification = artifacts::verify_against(&dist, &repo, &accepted);
    say(&dist, &repo, &verification, printer);
    match &flags.write_baseline {
        Some(path) => write_baseline(path, &verification.baseline, printer),
        None => require_sound(&verification, severity(flags.fail_on)),
    }
}

fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Note => Severity::Note,
    }
}

fn read_baseline(path: &Path) -> Result<Baseline> {
    let mend = "write it with `cargo xtask verify-artifacts --write-baseline FILE`";
    let expected = "a JSON list of accepted findings";
    let problem = |found: String| Problems::from(Problem::new(path, found, expected, mend));
    let text = std::fs::read_to_string(path).map_err(|error| problem(Problem::unreadable(path, &error).found))?;
    Ok(Baseline::parse(&text).map_err(problem)?)
}

fn write_baseline(path: &Path, baseline: &Baseline, printer: &Printer) -> Result<()> {
    write_atomically(path, baseline.to_json().as_bytes())?;
    let plural = if baseline.len() == 1 { "" } else { "s" };
    printer.say(&format!("{} accepts {} finding{plural}", path.display(), baseline.len()));
    Ok(())
}

/// The result in the form that was asked for.
fn say(dist: &Path, repo: &Monorepo, verification: &Verification, printer: &Printer) {
    let checkout = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let places = Places::new(repo, checkout.as_deref());
    match printer.format() {
        MessageFormat::Human => printer.data(table(dist, verification, Severity::Note).trim_end()),
        MessageFormat::Json => printer.message(
            "artifacts",
            json!({ "folder": dist, "sound": verification.is_sound(), "verification": verification }),
        ),
        MessageFormat::Github => {
            for finding in &verification.findings {
                printer.data(&github::annotation(finding, &places.of(finding)));
            }
        }
        MessageFormat::Sarif => printer.document(&sarif::log(&places, verification)),
    }
}

/// Where the Backstage CLI leaves the archives.
pub(crate) fn default_folder(repo: &Monorepo) -> PathBuf {
    repo.root.join(&repo.backend().folder).join("dist")
}

/// An error, when there is a finding that weighs at least `least` and is not accepted.
fn require_sound(verification: &Verification, least: Severity) -> Result<()> {
    let Some(first) = verification.at_least(least).next() else { return Ok(()) };
    let count = verification.at_least(least).count();
    let plural = if count == 1 { "" } else { "s" };
    let hint = format!("`cargo xtask explain {}` says why it matters and how it comes about", first.code);
    Err(CheckFailed(format!("{count} problem{plural} in the artifacts\n  hint: {hint}")).into())
}

/// The archives, then every finding that weighs at least `least`.
pub(crate) fn table(dist: &Path, verification: &Verification, least: Severity) -> String {
    let mut text = format!("artifacts in {}\n", dist.display());
    for archive in &verification.archives {
        let _ = writeln!(
            text,
            "  {:<18} {:>5} entries {:>10} packed {:>10} unpacked  sha256:{}",
            archive.name,
            archive.entries,
            summary::megabytes(archive.bytes),
            summary::megabytes(archive.unpacked_bytes),
            &archive.sha256[..12.min(archive.sha256.len())]
        );
    }
    for finding in verification.at_least(least) {
        let _ = writeln!(text, "{}", summary::finding(finding));
    }
    for finding in &verification.accepted {
        let _ = writeln!(text, "accepted {} {}", finding.code, summary::place(finding));
    }
    text
}
