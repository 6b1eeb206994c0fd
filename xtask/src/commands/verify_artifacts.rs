//! `verify-artifacts`: are the two archives sound, and do they belong to this repository?

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use artifacts::{AppFile, AppFileKind, CODES, PARSES_SCRIPTS, Verification};
use diagnostics::{Baseline, Severity};
use image::NodeKind;
use monorepo::Monorepo;
use process::Interrupt;
use serde_json::json;

use crate::findings::{Report, accepted, checkout};
use crate::flags::{RepositoryFlags, VerifyArtifacts};
use crate::image_source;
use crate::output::Printer;
use crate::place::Places;
use crate::{repository, summary};

/// What writes a baseline.
const COMMAND: &str = "verify-artifacts";

pub(crate) fn run(
    flags: &VerifyArtifacts,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let accepted = accepted(&flags.findings, COMMAND)?;
    let (place, verification) = match &flags.image {
        Some(image) => (image.clone(), verify_app(image, &repo, &accepted, repository, interrupt)?),
        None => {
            let dist = flags.dist.clone().unwrap_or_else(|| default_folder(&repo));
            (dist.display().to_string(), artifacts::verify_against(&dist, &repo, &accepted))
        }
    };
    let checkout = checkout();
    let report = Report {
        kinds: CODES,
        findings: &verification.findings,
        accepted: &verification.accepted,
        places: &Places::new(&repo, checkout.as_deref()),
        table: &|| table(Path::new(&place), &verification, Severity::Note),
        message: ("artifacts", &|| {
            json!({
                "folder": place,
                "sound": verification.is_sound(),
                "scripts_parsed": PARSES_SCRIPTS,
                "verification": verification,
            })
        }),
    };
    report.print(printer);
    if !PARSES_SCRIPTS {
        printer.say("built scripts were not parsed (BX042): this program was built without its feature `javascript`");
    }
    report.conclude(&flags.findings, &verification.baseline, "the artifacts", printer)
}

/// Verifies the app in an image: what is in its working directory, but for installed packages.
fn verify_app(
    image: &str,
    repo: &Monorepo,
    accepted: &Baseline,
    repository: &RepositoryFlags,
    interrupt: &Interrupt,
) -> Result<Verification> {
    let image = image_source::open(&image_source::parse(image)?, repository, interrupt)??;
    let folder = image.config.config.working_dir.trim_matches('/').to_owned();
    let inside = |path: &str| path.strip_prefix(&folder).map(|path| path.trim_start_matches('/').to_owned());
    let tree = image.files(&|path, size| inside(path).is_some_and(|path| artifacts::is_read_of_app(&path, size)))?;
    let files = tree.under(&folder).filter_map(|(path, node)| {
        let kind = match &node.kind {
            NodeKind::Folder => AppFileKind::Folder,
            NodeKind::File(size) => AppFileKind::File(*size),
            NodeKind::Link(target) => AppFileKind::Link(target.clone()),
            NodeKind::Special => AppFileKind::Special,
        };
        let bytes = node.note.as_ref().map(|bytes| bytes.as_slice());
        Some(AppFile { path: inside(path)?, kind, mode: node.mode, bytes })
    });
    Ok(artifacts::verify_app(files, repo, accepted))
}

/// Where the Backstage CLI leaves the archives.
pub(crate) fn default_folder(repo: &Monorepo) -> PathBuf {
    repo.root.join(&repo.backend().folder).join("dist")
}

/// The archives, then every finding that weighs at least `least`.
pub(crate) fn table(place: &Path, verification: &Verification, least: Severity) -> String {
    let mut text = format!("artifacts in {}\n", place.display());
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
        let _ = writeln!(text, "{}", summary::accepted(finding));
    }
    text
}
