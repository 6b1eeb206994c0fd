//! What every engine's build has in common around the engine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use artifacts::Verification;
use diagnostics::{BaselineResult, Failed, Finding, Message, Severity};
use image::{RunConfiguration, verify_run_configuration};
use monorepo::Monorepo;
use process::{Secret, resolve_build_secrets};
use recipe::{Recipe, Rendered};
use serde_json::json;
use tempfile::TempDir;

use crate::commands::boot_image::Boot;
use crate::commands::render::is_drifted;
use crate::commands::verify_artifacts;
use crate::exit::{CheckFailed, WrongUsage};
use crate::flags::{BootFlags, BuildImage};
use crate::output::Printer;
use crate::pins;
use crate::report::Story;
use crate::state::remove_folders;
use crate::summary;

/// Begins the name of the folder, beside the archives, that they arrive in before they are verified.
const INCOMING: &str = ".incoming-";

/// What it takes to run the image, when that is asked for; found before the long build.
pub(super) fn boot(flags: &BuildImage) -> Result<Option<Boot>> {
    if !flags.boot && flags.boot_flags != BootFlags::default() {
        return Err(WrongUsage::new("the options under \"Boot\" in `build-image --help` are for a build with --boot")
            .hint("add `--boot`")
            .into());
    }
    flags.boot.then(|| Boot::prepare(&flags.boot_flags)).transpose()
}

/// Where the archives go.
pub(super) fn artifacts_folder(flags: &BuildImage, repo: &Monorepo) -> PathBuf {
    flags.artifacts.clone().unwrap_or_else(|| verify_artifacts::default_folder(repo))
}

/// A new folder on the same file system as the archives' own, made before the long build: a repository that
/// cannot be written to is known at once.
pub(super) fn incoming_folder(artifacts: &Path) -> Result<TempDir> {
    let hint = "name a writable folder with `--artifacts DIR`";
    let doing = || Message::new(format!("preparing {} for the artifacts", artifacts.display())).hint(hint);
    std::fs::create_dir_all(artifacts).map_err(Failed::from_cause(doing()))?;
    remove_folders(artifacts, INCOMING);
    let folder = tempfile::Builder::new().prefix(INCOMING).tempdir_in(artifacts);
    Ok(folder.map_err(Failed::from_cause(doing()))?)
}

/// Moves the verified archives into place.
pub(super) fn publish(incoming: &Path, artifacts: &Path) -> Result<()> {
    for name in [artifacts::SKELETON, artifacts::BUNDLE] {
        std::fs::rename(incoming.join(name), artifacts.join(name))
            .with_context(|| format!("moving {name} into {}", artifacts.display()))?;
    }
    Ok(())
}

/// An error with every finding about the archives, how the image runs, and its files, when one of them forbids to
/// ship.
pub(super) fn require_shippable(
    tag: &str,
    found: &RunConfiguration,
    recipe: &Recipe,
    verification: &Verification,
    judged: &BaselineResult,
    story: &Story<'_>,
) -> Result<()> {
    let mut findings = verify_run_configuration(tag, found, &expected_configuration(recipe));
    findings.extend(judged.findings.iter().cloned());
    let accepted = verification.accepted.iter().chain(&judged.accepted);
    story.found(verification.findings.iter().chain(&findings), accepted);
    require_sound(verification, &findings, story.printer)
}

/// An error with every finding, when one of them forbids to ship the archives or the image.
fn require_sound(verification: &Verification, image: &[Finding], printer: &Printer) -> Result<()> {
    let is_grave = |finding: &Finding| finding.severity >= Severity::Error;
    let all: Vec<_> = verification.findings.iter().chain(image).collect();
    if !all.is_empty() {
        printer.message("findings", json!({ "artifacts": verification.findings, "image": image }));
    }
    if !all.iter().any(|finding| is_grave(finding)) {
        return Ok(());
    }
    let all: Vec<_> = all.into_iter().map(summary::finding).collect();
    Err(CheckFailed::new(format!("the image is not tagged, since it failed its checks\n{}", all.join("\n"))).into())
}

/// The archives, and what was found in them and in the image that is no reason to stop.
pub(super) fn tell(artifacts: &Path, verification: &Verification, image: &BaselineResult, printer: &Printer) {
    let mut text = verify_artifacts::table(artifacts, verification, Severity::Warning);
    for finding in image.findings.iter().filter(|finding| finding.severity >= Severity::Warning) {
        text += &format!("{}\n", summary::finding(finding));
    }
    for finding in &image.accepted {
        text += &format!("{}\n", summary::accepted(finding));
    }
    printer.block(&text);
}

/// The secrets that the recipe names and this machine has.
pub(super) fn secrets(flags: &BuildImage, recipe: &Recipe) -> Result<Vec<Secret>> {
    if let Some(file) = &flags.ca_file {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading the CA file {}", file.display()))?;
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            return Err(CheckFailed::new(format!(
                "{}: found no certificate, expected certificates in PEM form",
                file.display()
            ))
            .hint("convert with `openssl x509 -inform der -in FILE`")
            .into());
        }
    }
    let names: BTreeSet<_> = recipe.steps.iter().flat_map(|step| step.secrets.clone()).collect();
    let names: Vec<_> = names.into_iter().collect();
    Ok(resolve_build_secrets(&names, flags.ca_file.as_deref()))
}

/// Says which committed files differ from what is built; these name the default base, whatever this build
/// starts from.
pub(super) fn warn_of_drift(
    flags: &BuildImage,
    repo: &Monorepo,
    rendered: &[Rendered],
    printer: &Printer,
) -> Result<()> {
    let on_default_base;
    let expected = if flags.base.is_none() {
        rendered
    } else {
        on_default_base = recipe::render(repo, &recipe::plan(repo, pins::pinned(repo, None)?.as_deref()))
            .context("filling in a template of assets/")?;
        &on_default_base
    };
    for file in expected.iter().filter(|file| is_drifted(repo, file)) {
        printer.warning(&format!(
            "{} differs from what is built here; a deployment would use it as it is\n  hint: look with `cargo xtask render --check`",
            file.path
        ));
    }
    Ok(())
}

/// How the image must run, by the recipe.
pub(super) fn expected_configuration(recipe: &Recipe) -> RunConfiguration {
    RunConfiguration {
        user: recipe.image.user.clone(),
        working_directory: recipe.image.working_directory.clone(),
        environment: recipe.image.environment.clone(),
        command: recipe.image.command.clone(),
    }
}
