//! Whether what was built may ship: what verifiers found, put together.

use artifacts::Verification;
use diagnostics::{BaselineResult, CheckFailed, Finding, Severity};
use image::{RunConfiguration, verify_run_configuration};
use recipe::Recipe;
use serde_json::json;

use crate::console::Console;
use crate::report::BuildReport;
use crate::summary;

/// What was found in the archives and in the files of the image.
pub(crate) struct Checked<'a> {
    pub(crate) archives: &'a Verification,
    pub(crate) image: &'a BaselineResult,
}

impl Checked<'_> {
    /// An error with every finding about the archives, how the image runs, and its files, when one of them forbids
    /// to ship.
    pub(crate) fn require_shippable(
        &self,
        tag: &str,
        found: &RunConfiguration,
        recipe: &Recipe,
        report: &BuildReport<'_>,
    ) -> Result<(), CheckFailed> {
        let mut findings = verify_run_configuration(tag, found, &expected_configuration(recipe));
        findings.extend(self.image.findings.iter().cloned());
        let accepted = self.archives.accepted.iter().chain(&self.image.accepted);
        report.found(self.archives.findings.iter().chain(&findings), accepted);
        require_sound(&self.archives.findings, &findings, report.console)
    }
}

/// An error with every finding, when one of them forbids to ship the archives or the image.
fn require_sound(archives: &[Finding], image: &[Finding], console: &dyn Console) -> Result<(), CheckFailed> {
    let all: Vec<&Finding> = archives.iter().chain(image).collect();
    if !all.is_empty() {
        console.message("findings", json!({ "artifacts": archives, "image": image }));
    }
    if !all.iter().any(|finding| finding.severity >= Severity::Error) {
        return Ok(());
    }
    let all: Vec<_> = all.into_iter().map(summary::finding).collect();
    Err(CheckFailed::new(format!("the image is not tagged, since it failed its checks\n{}", all.join("\n"))))
}

/// How the image must run, by the recipe.
pub(crate) fn expected_configuration(recipe: &Recipe) -> RunConfiguration {
    RunConfiguration {
        user: recipe.image.user.clone(),
        working_directory: recipe.image.working_directory.clone(),
        environment: recipe.image.environment.clone(),
        command: recipe.image.command.clone(),
    }
}
