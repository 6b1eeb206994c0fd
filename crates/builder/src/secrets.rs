//! What a build is handed by reference.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use diagnostics::CheckFailed;
use process::{Secret, resolve_build_secrets};
use recipe::Recipe;

use crate::settings::BuildSettings;

/// The secrets that the recipe names and this machine has.
pub(crate) fn secrets(settings: &BuildSettings, recipe: &Recipe) -> Result<Vec<Secret>> {
    if let Some(file) = &settings.ca_file {
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
    Ok(resolve_build_secrets(&names, settings.ca_file.as_deref()))
}
