//! `verify-image`: can an image run, and may it ship? Found out from its files.

use std::fmt::Write;

use anyhow::Result;
use builder::sbom;
use builder::summary;
use diagnostics::megabytes;
use image::{Budget, CODES, Comparison, ImageSummary, ImageVerification, damaged, sbom::NamedImage, verify_image};
use monorepo::Monorepo;
use process::Interrupt;
use serde_json::json;

use crate::findings::{Report, accepted, checkout};
use crate::flags::{RepositoryFlags, VerifyImage};
use crate::image_source;
use crate::output::Printer;
use crate::repository;
use crate::source_location::Places;

/// What writes a baseline.
const COMMAND: &str = "verify-image IMAGE";
/// How many of the largest packages the table has.
const LARGEST: usize = 10;

pub(crate) fn run(
    flags: &VerifyImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let source = image_source::parse(&flags.image)?;
    let against = flags.against.as_deref().map(image_source::parse).transpose()?;
    let repo = repo(repository, printer)?;
    let image = image_source::open(&source, repository, interrupt)?;
    let other = against.map(|other| anyhow::Ok(image_source::open(&other, repository, interrupt)??)).transpose()?;
    let folder = image.as_ref().map(|image| image.config.config.working_dir.clone()).unwrap_or_default();
    let budget = Budget { node: repo.as_ref().map(|repo| repo.node.clone()), max_size: flags.max_size };
    sbom::check("--sbom", &flags.sbom)?;
    let accepted = accepted(&flags.findings, COMMAND)?;
    let verification = match image {
        Ok(image) => {
            let verification = verify_image(&flags.image, &image, other.as_ref(), &budget, &accepted)?;
            if !flags.sbom.is_empty() && verification.summary.is_some() {
                let subject = NamedImage { name: flags.image.clone(), digest: image.id.clone() };
                sbom::write(&flags.sbom, &subject, &verification.inventory, printer)?;
            }
            verification
        }
        Err(error) => damaged(&flags.image, error)?,
    };
    let checkout = checkout();
    let report = Report {
        kinds: CODES,
        findings: &verification.findings,
        accepted: &verification.accepted,
        places: &Places::in_image(repo.as_ref(), &folder, checkout.as_deref()),
        table: &|| table(&flags.image, &verification),
        message: (
            "image",
            &|| json!({ "image": flags.image, "sound": verification.is_sound(), "verification": verification }),
        ),
    };
    report.print(printer);
    report.conclude(&flags.findings, &verification.baseline, "the image", printer)
}

/// The repository that is named, or the one around the working directory, when there is one that can be read.
fn repo(flags: &RepositoryFlags, printer: &Printer) -> Result<Option<Monorepo>> {
    if flags.repo.is_some() || flags.backend.is_some() {
        return repository::read(flags, printer).map(Some);
    }
    match repository::root(flags) {
        Ok(_) => match repository::read(flags, printer) {
            Ok(repo) => Ok(Some(repo)),
            Err(error) => {
                let reason = error.to_string();
                printer.warning(&format!(
                    "the image is not compared with the repository: {}",
                    reason.lines().next().unwrap_or_default()
                ));
                Ok(None)
            }
        },
        Err(_) => Ok(None),
    }
}

fn table(name: &str, verification: &ImageVerification) -> String {
    let mut text = format!("image {name}\n");
    verification.summary.iter().for_each(|summary| numbers(&mut text, summary));
    verification.against.iter().for_each(|comparison| changes(&mut text, comparison));
    for finding in &verification.findings {
        let _ = writeln!(text, "{}", summary::finding(finding));
    }
    for finding in &verification.accepted {
        let _ = writeln!(text, "{}", summary::accepted(finding));
    }
    text
}

fn numbers(text: &mut String, summary: &ImageSummary) {
    let _ = writeln!(
        text,
        "  id         {}\n  platform   linux/{}, Node {}\n  files      {:>10}  {} files\n  layers     {:>10}  {} layers",
        summary.id,
        summary.architecture,
        summary.node.as_deref().unwrap_or("unknown"),
        megabytes(summary.files.bytes),
        summary.files.files,
        megabytes(summary.stored_bytes),
        summary.layers,
    );
    let _ = writeln!(text, "largest of {} packages", summary.packages);
    for package in summary.largest.iter().take(LARGEST) {
        let _ = writeln!(
            text,
            "  {:<44} {:>10}  {} files",
            package.package,
            megabytes(package.kept.bytes),
            package.kept.files
        );
    }
}

fn changes(text: &mut String, comparison: &Comparison) {
    let (files, layers) = (&comparison.files, &comparison.layers);
    let _ = writeln!(
        text,
        "against the other image\n  files      {} -> {}, {} -> {} files\n  layers     {} of {} shared, {} to pull",
        megabytes(files.before.bytes),
        megabytes(files.after.bytes),
        files.before.files,
        files.after.files,
        layers.shared,
        layers.count.after,
        megabytes(layers.new_bytes),
    );
    for change in &comparison.packages {
        let (before, after) = (&change.versions.before, &change.versions.after);
        let what = match (before.as_str(), after.as_str()) {
            ("", after) => format!("added {after}"),
            (before, "") => format!("removed {before}"),
            (before, after) => format!("{before} -> {after}"),
        };
        let _ = writeln!(text, "  {:<44} {what}", change.package);
    }
}
