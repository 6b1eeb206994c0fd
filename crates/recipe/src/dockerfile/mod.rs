//! The recipe written down as a Dockerfile and its ignore file.
//!
//! The syntax is what Docker 20.10's own frontend, BuildKit, Podman and Buildah all read: no
//! here-documents, no `COPY --link`, `--parents` or `--exclude`, no `# syntax=` line.

mod shell;
mod stages;

use diagnostics::hexadecimal;
use minijinja::{Value, context};
use monorepo::Monorepo;
use sha2::{Digest, Sha256};

use crate::action::Script;
use crate::command_line::shell_quote;
use crate::health::HealthCheck;
use crate::plan::Recipe;
use crate::scripts::{WITH_BUILD_ENVIRONMENT, fill, yarn_file};
use shell::{continued, exec_form, quoted, quoted_script};

const DOCKERFILE: &str = include_str!("../../../../assets/Dockerfile.flightcontrol");
const IGNORE_FILE: &str = include_str!("../../../../assets/Dockerfile.flightcontrol.dockerignore");

/// A rendered file: its path relative to the root of the repository, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// `packages/backend/Dockerfile.flightcontrol`, where the backend is there.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// Renders the Dockerfile and its ignore file, in this order.
///
/// # Errors
/// A template in `assets/` is broken.
pub fn render(repo: &Monorepo, recipe: &Recipe) -> Result<[Rendered; 2], minijinja::Error> {
    let (path, ignore_path) = (recipe.dockerfile(), recipe.ignore_file());
    let dockerfile = fill(DOCKERFILE, &dockerfile_values(repo, recipe, &path)?)?;
    let ignore_file = fill(IGNORE_FILE, &context! { ignored => &repo.ignored })?;
    Ok([Rendered { path, text: sign(&dockerfile) }, Rendered { path: ignore_path, text: sign(&ignore_file) }])
}

/// Begins the line that holds the digest of all the others.
const SIGNATURE: &str = "# Digest of the lines around this one, which tells edits by hand: sha256:";

/// Puts the signature under the first line.
pub fn sign(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    format!("{first}\n{SIGNATURE}{}\n{rest}", hexadecimal(&Sha256::digest(text)))
}

/// Whether a rendered file is as it was rendered, by whatever version.
pub fn is_as_rendered(text: &str) -> bool {
    let mut signature = None;
    let kept: String = text
        .split_inclusive('\n')
        .filter(|line| match line.strip_prefix(SIGNATURE) {
            Some(digest) if signature.is_none() => {
                signature = Some(digest.trim().to_owned());
                false
            }
            _ => true,
        })
        .collect();
    signature.is_some_and(|digest| digest == hexadecimal(&Sha256::digest(kept)))
}

fn dockerfile_values(repo: &Monorepo, recipe: &Recipe, path: &str) -> Result<Value, minijinja::Error> {
    let registry = repo.yarn.registry.as_ref().map(|url| format!("--registry={} ", shell_quote(url)));
    let environment: Vec<_> =
        recipe.image.environment.iter().filter(|variable| *variable != "NODE_ENV=production").cloned().collect();
    Ok(context! {
        dockerfile => path,
        base_image => &recipe.base_image,
        backend => &recipe.backend,
        lay_out_manifests => quoted(&stages::lay_out_manifests(recipe)?),
        manifests => stages::manifests(recipe),
        layout => stages::layout(recipe),
        committed_cache => repo.yarn.committed_cache.is_some(),
        with_build_environment => continued(WITH_BUILD_ENVIRONMENT.lines()),
        yarn_file => yarn_file(repo),
        registry_option => registry.unwrap_or_default(),
        stages => stages::all(repo, recipe)?,
        base => stages::image_root(recipe),
        dependencies => recipe.image.dependencies.to_string(),
        application => recipe.image.application.to_string(),
        gates => recipe.steps.iter().filter(|step| step.gate).map(|step| step.id.to_string()).collect::<Vec<_>>(),
        check_skeleton => quoted_script(Script::CheckSkeleton)?,
        environment => environment,
        port => recipe.image.port,
        command => exec_form(&recipe.image.command),
        health_check => recipe.image.health_check.as_ref().map(health_check),
    })
}

fn health_check(check: &HealthCheck) -> String {
    let HealthCheck { command, interval, timeout, start_period, retries } = check;
    format!(
        "--interval={interval}s --timeout={timeout}s --start-period={start_period}s --retries={retries} \\\n  CMD {}",
        exec_form(command)
    )
}
