//! What the image says of itself: how it runs, and where it comes from.

use std::collections::BTreeMap;

use image::{Healthcheck, ImageSpec, Layer};
use monorepo::Monorepo;
use recipe::{HealthCheck, Recipe};
use rootfs::Architecture;

use super::base::Base;
use crate::epoch::epoch;
use crate::git::{Commit, rfc3339};

/// What the image says of itself.
pub(crate) fn spec(
    architecture: Architecture,
    repo: &Monorepo,
    recipe: &Recipe,
    commit: &Commit,
    base: &Base,
    layers: Vec<Layer>,
) -> ImageSpec {
    let created = rfc3339(epoch().or(commit.seconds).unwrap_or_default());
    let version = repo.manifest.raw.get("version").and_then(serde_json::Value::as_str).map(str::to_owned);
    let labels = [
        ("org.opencontainers.image.created", Some(created.clone())),
        ("org.opencontainers.image.revision", commit.revision.clone()),
        ("org.opencontainers.image.source", commit.source.clone()),
        ("org.opencontainers.image.title", repo.manifest.name.clone()),
        ("org.opencontainers.image.version", version),
        ("org.opencontainers.image.base.name", Some(base.name.clone())),
    ];
    let labels: BTreeMap<_, _> =
        labels.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut env = base.config.env.clone();
    env.extend(recipe.image.environment.iter().cloned());
    ImageSpec {
        architecture: architecture.debian().to_owned(),
        created,
        user: recipe.image.user.clone(),
        env,
        entrypoint: base.config.entrypoint.clone(),
        working_dir: recipe.image.working_directory.clone(),
        cmd: recipe.image.command.clone(),
        healthcheck: recipe.image.health_check.as_ref().map(healthcheck),
        exposed_ports: vec![format!("{}/tcp", recipe.image.port)],
        annotations: labels.clone().into_iter().collect(),
        labels: labels.into_iter().collect(),
        layers,
        ..ImageSpec::default()
    }
}

/// In Docker's form and unit.
fn healthcheck(check: &HealthCheck) -> Healthcheck {
    const SECOND: u64 = 1_000_000_000;
    Healthcheck {
        test: std::iter::once("CMD").chain(check.command.iter().map(String::as_str)).map(str::to_owned).collect(),
        interval: u64::from(check.interval) * SECOND,
        timeout: u64::from(check.timeout) * SECOND,
        start_period: u64::from(check.start_period) * SECOND,
        retries: check.retries,
    }
}
