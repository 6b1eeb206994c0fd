//! `verify-artifacts`: are the two archives sound, and do they belong to this repository?

use std::path::Path;

use anyhow::Result;
use artifacts::{AppFile, AppFileKind, CODES, Verification};
use builder::summary;
use diagnostics::{Baseline, Severity};
use image::NodeKind;
use monorepo::Monorepo;
use process::Interrupt;
use serde_json::json;

use crate::findings::{Report, accepted, checkout};
use crate::flags::{RepositoryFlags, VerifyArtifacts};
use crate::image_source;
use crate::output::Printer;
use crate::repository;
use crate::source_location::Places;

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
            let dist = flags.dist.clone().unwrap_or_else(|| builder::default_artifacts_folder(&repo));
            (dist.display().to_string(), artifacts::verify_against(&dist, &repo, &accepted))
        }
    };
    let checkout = checkout();
    let report = Report {
        kinds: CODES,
        findings: &verification.findings,
        accepted: &verification.accepted,
        places: &Places::new(&repo, checkout.as_deref()),
        table: &|| summary::archives(Path::new(&place), &verification, Severity::Note),
        message: ("artifacts", &|| {
            json!({
                "folder": place,
                "sound": verification.is_sound(),
                "verification": verification,
            })
        }),
    };
    report.print(printer);
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
