//! What a deployment reads, compared with the repository and with itself. Pure: the texts are handed in.
//!
//! A new check is a function in `service.rs` or `container/` with a code in `codes.rs` and its page, and a repository
//! with the defect in `tests/check.rs`. An error that is not true costs more than one that is missed: what cannot be
//! known from the text is taken to be right.

mod codes;
mod container;
mod context;
mod deployable;
mod ignore_file;
mod instructions;
mod pins;
mod service;

use std::collections::BTreeSet;

use diagnostics::{Baseline, BaselineResult, Finding, Problems, Subjects, Verifier};
use monorepo::{Glob, Monorepo};

pub use codes::CODES;
use codes::STALE_BASELINE;
use context::Context;
pub(crate) use ignore_file::IgnoreFile;
pub use pins::Pin;

use recipe::Recipe;

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentFile {
    /// Relative to the root.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A Dockerfile, and what stays out of its build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The file.
    pub file: DeploymentFile,
    /// The ignore file that an engine takes: the one beside it, else `.dockerignore`.
    pub ignore_file: Option<DeploymentFile>,
}

/// The files that a deployment reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment {
    /// `flightcontrol.json`, where there is one.
    pub services: Option<DeploymentFile>,
    /// The Dockerfiles.
    pub dockerfiles: Vec<Dockerfile>,
    /// Those of [`service_dockerfiles`] that are not there.
    pub missing: BTreeSet<String>,
    /// What images stand on, by digest.
    pub pins: Vec<Pin>,
}

/// A pattern of which `*` ends at a slash; none when it is no pattern.
fn glob(pattern: &str) -> Option<Glob> {
    Glob::new(pattern).ok()
}

/// The Dockerfiles that the services of `flightcontrol.json` name and that are ours to look at, as paths.
pub fn named_dockerfiles(repo: &Monorepo, services: &str) -> Vec<String> {
    service::dockerfile_paths(repo, services)
}

/// Every Dockerfile that a service may be built by: those that are named, and that of a service that names none.
pub fn service_dockerfiles(repo: &Monorepo, services: &str) -> BTreeSet<String> {
    named_dockerfiles(repo, services).into_iter().chain([service::DOCKERFILE.to_owned()]).collect()
}

/// Everything that is wrong, in the order of the codes, with findings that are accepted set apart.
///
/// # Errors
/// A deployed configuration is not YAML.
pub fn check_deployment(
    repo: &Monorepo,
    recipe: &Recipe,
    deployment: &Deployment,
    accepted: &Baseline,
) -> Result<BaselineResult, Problems> {
    let verifier = Verifier { kinds: CODES, stale: STALE_BASELINE, command: "check", subjects: Subjects::Files };
    Ok(verifier.apply(accepted, findings(repo, recipe, deployment)?))
}

fn findings(repo: &Monorepo, recipe: &Recipe, deployment: &Deployment) -> Result<Vec<Finding>, Problems> {
    let context = Context::new(repo, recipe, &deployment.missing)?;
    let mut findings = Vec::new();
    if let Some(services) = &deployment.services {
        findings.extend(service::check(&context, services));
    }
    for dockerfile in &deployment.dockerfiles {
        findings.extend(container::check(&context, dockerfile));
    }
    findings.extend(pins::check(&deployment.pins));
    findings.extend(deployable::check(repo)?);
    findings.sort_by(|one, other| (one.code, &one.subject, one.line).cmp(&(other.code, &other.subject, other.line)));
    // What an environment hands to several services is one finding.
    findings.dedup();
    Ok(findings)
}
