//! `render`: the files that a deployment reads, written or checked.

use anyhow::{Context, Result};
use builder::pins;
use deployment::FLIGHTCONTROL;
use monorepo::{DatabaseSsl, FLIGHTCONTROL_CONFIG, Monorepo};

use crate::flags::{Render, RepositoryFlags};
use crate::output::Printer;
use crate::rendered::{self, Advice, Compared, DriftStatus};
use crate::repository;

/// What to do about files that are not as they would be written.
const ADVICE: Advice = Advice {
    edited: "keep the edits by changing assets/ or xtask.toml instead, or replace them with `cargo xtask render --force`",
    outdated: "run `cargo xtask render` and commit the result",
};

/// What the default leaves open.
const UNVERIFIED: &str = "note: the connection to the database is encrypted, and whoever answers is trusted; \
    `ssl = \"verify\"` under [flightcontrol] in xtask.toml verifies the certificate";

pub(crate) fn run(flags: &Render, repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let (root, ssl) = (repo.root.clone(), repo.settings.flightcontrol.ssl);
    pins::warn_of_age(&root, pins::MAX_AGE, printer);
    let files = compare_all(repo)?;
    rendered::bring_in_line(&root, &files, &flags.how, &ADVICE, printer)?;
    let is_written = |file: &Compared| file.file.path == FLIGHTCONTROL_CONFIG && file.standing != DriftStatus::UpToDate;
    if !flags.how.check && ssl == DatabaseSsl::Require && files.iter().any(is_written) {
        printer.say(UNVERIFIED);
    }
    Ok(())
}

/// The configuration comes first: the recipe is made as if it were there already.
fn compare_all(repo: Monorepo) -> Result<Vec<Compared>> {
    let template = || "filling in a template of assets/";
    let found = |path: &str| std::fs::read_to_string(repo.root.join(path)).ok();
    let config = deployment::app_config(&repo).with_context(template)?;
    let config = Compared::signed(config, found(FLIGHTCONTROL_CONFIG));
    let services = found(FLIGHTCONTROL);
    let repo = repo.with_flightcontrol_config(&config.file.text);
    let recipe = recipe::plan(&repo, pins::pinned(&repo, None)?.as_deref());
    let [dockerfile, ignore_file] = recipe::render(&repo, &recipe).with_context(template)?;
    let [dockerfile, ignore_file] = [dockerfile, ignore_file].map(|file| {
        let found = std::fs::read_to_string(repo.root.join(&file.path)).ok();
        Compared::signed(file, found)
    });
    let merged =
        deployment::flightcontrol_json(&repo, &recipe, services.as_deref()).map_err(diagnostics::Problems::from)?;
    let standing = match &services {
        None => DriftStatus::Missing,
        Some(text) if *text == merged.file.text => DriftStatus::UpToDate,
        Some(_) if merged.replaced.is_empty() => DriftStatus::Outdated,
        Some(_) => DriftStatus::Edited,
    };
    let services = Compared { file: merged.file, found: services.unwrap_or_default(), standing };
    Ok(vec![config, dockerfile, ignore_file, services])
}
