//! `verify-artifacts`: are the two archives sound, and do they belong to this repository?

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use artifacts::Verification;
use monorepo::{Monorepo, Severity};
use serde_json::json;

use crate::exit::CheckFailed;
use crate::flags::{RepositoryFlags, VerifyArtifacts};
use crate::output::Printer;
use crate::repository;
use crate::summary;

pub(crate) fn run(flags: &VerifyArtifacts, repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let dist = flags.dist.clone().unwrap_or_else(|| default_folder(&repo));
    let verification = artifacts::verify(&dist, &repo);
    printer.message(
        "artifacts",
        json!({ "folder": dist, "sound": verification.is_sound(), "verification": verification }),
    );
    printer.data(table(&dist, &verification, Severity::Note).trim_end());
    require_sound(&verification)
}

/// Where the Backstage CLI leaves the archives.
pub(crate) fn default_folder(repo: &Monorepo) -> std::path::PathBuf {
    repo.root.join(&repo.backend().folder).join("dist")
}

/// An error that lists every finding, unless none of them is one.
pub(crate) fn require_sound(verification: &Verification) -> Result<()> {
    if verification.is_sound() {
        return Ok(());
    }
    let errors = verification.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let plural = if errors == 1 { "" } else { "s" };
    Err(CheckFailed(format!("{errors} problem{plural} in the artifacts")).into())
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
    for finding in verification.findings.iter().filter(|finding| finding.severity >= least) {
        let _ = writeln!(text, "{}", summary::finding(finding));
    }
    text
}
