//! What the checks know.

use std::collections::BTreeSet;

pub(crate) use diagnostics::FindingText;
use diagnostics::{At, Finding, FindingKind, Problems, is_secret_name, scan_for_secrets};
use monorepo::{DeployedConfig, Monorepo};
use recipe::Recipe;

use crate::flightcontrol::inputs;

/// The facts, and what follows from them.
pub(crate) struct Context<'a> {
    pub(crate) repo: &'a Monorepo,
    pub(crate) recipe: &'a Recipe,
    /// Dockerfiles that are not there.
    pub(crate) missing: &'a BTreeSet<String>,
    /// Variables that the configuration needs: referred to without a fallback where no later file replaces it.
    pub(crate) needed: BTreeSet<String>,
    /// Every file that a build reads.
    pub(crate) inputs: BTreeSet<String>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(repo: &'a Monorepo, recipe: &'a Recipe, missing: &'a BTreeSet<String>) -> Result<Self, Problems> {
        let config = DeployedConfig::read(&repo.configs.deployed_texts)?;
        let needed = config
            .variables
            .into_iter()
            .filter(|(name, variable)| !variable.has_fallback && !config.replaced_variables.contains(name));
        let needed = needed.map(|(name, _)| name).collect();
        Ok(Self { repo, recipe, missing, needed, inputs: inputs(repo, recipe) })
    }
}

/// A finding about a line of a file.
pub(crate) fn finding(kind: FindingKind, file: &str, line: usize, text: FindingText<'_>) -> Finding {
    kind.finding(At::line(file, line), text)
}

/// Why a literal value of a variable looks like a secret.
pub(crate) fn secret(name: &str, value: &str) -> Option<String> {
    let is_switch = ["true", "false", "0", "1"].contains(&value) || value.starts_with('$') || value.starts_with('/');
    if is_secret_name(name) && !value.is_empty() && !is_switch {
        return Some(format!("a literal value of {name}"));
    }
    let has_password = value.split_once("://").and_then(|(_, rest)| rest.split_once('@')).is_some_and(|(user, _)| {
        user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !password.starts_with('$'))
    });
    if has_password {
        return Some(format!("a password in the address in {name}"));
    }
    scan_for_secrets("", value.as_bytes()).first().map(|kind| format!("{} in {name}", kind.name()))
}
