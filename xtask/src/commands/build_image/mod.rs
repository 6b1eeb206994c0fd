//! `build-image`: the image of a repository, built by the first engine that works.

mod conclusion;
mod sizes;

use std::collections::BTreeSet;

use anyhow::Result;
use builder::state::{self, State};
use builder::{Boot, BuildReport, BuildRequest, Chosen, pins, sbom};
use diagnostics::Problems;
use image::ImageForm;
use monorepo::{Allowance, Monorepo};
use process::Interrupt;

use crate::commands::config;
use crate::flags::{BuildImage, RepositoryFlags};
use crate::output::Printer;
use crate::{repository, settings};
use conclusion::Conclusion;

pub(crate) fn run(
    flags: &BuildImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    sbom::check("--report", flags.report.as_slice())?;
    sbom::check("--result", flags.result.as_slice())?;
    let report = BuildReport::begin(&flags.tag, flags.report.as_deref(), printer);
    report.cover(|| build(flags, repository, &report, printer, interrupt))
}

fn build(
    flags: &BuildImage,
    repository: &RepositoryFlags,
    report: &BuildReport<'_>,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let (repo, held) = subject(flags, repository, printer, interrupt)?;
    if flags.plan {
        let base = flags.base.as_deref().filter(|base| ImageForm::split(base).is_none());
        printer.document(&recipe::plan(&repo, pins::pinned(&repo, base)?.as_deref()));
        return Ok(());
    }
    require_deployable(&repo, flags)?;
    sbom::check("--sbom", &flags.sbom)?;
    sbom::check("--provenance", flags.provenance.as_slice())?;
    pins::warn_of_age(&repo.root, flags.max_base_age, printer);
    builder::warn_of_context(&repo, printer)?;
    let chosen = builder::choose(&settings::engine(flags))?;
    let state = match held {
        Some(state) => state,
        None => State::open(&repo.root, repository.state_dir.as_deref(), printer, interrupt)?,
    };
    let settings = settings::build(flags)?;
    let request = BuildRequest { settings: &settings, state: &state, report, interrupt };
    let built = builder::build(&chosen, repo, &request)?;
    Conclusion::new(flags, &built).print(printer)?;
    if let Chosen::Embedded = chosen {
        sizes::print(&built, flags.embedded.explain_size, printer);
        let freed = state::prune(state.shared());
        if freed > 0 {
            printer.say(&format!("removed {} that no build used for a month", diagnostics::megabytes(freed)));
        }
    }
    Ok(())
}

/// What is built: the files that are there, or those of a commit, which are checked out in the repository's state.
fn subject(
    flags: &BuildImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<(Monorepo, Option<State>)> {
    let Some(revision) = &flags.from_git else { return Ok((repository::read(repository, printer)?, None)) };
    let root = repository::root(repository)?;
    let state = State::open(&root, repository.state_dir.as_deref(), printer, interrupt)?;
    let clone = builder::check_out(&root, revision, &state, printer)?;
    let of_clone = RepositoryFlags { repo: Some(clone), ..repository.clone() };
    Ok((repository::read(&of_clone, printer)?, Some(state)))
}

/// What no build could fix is said before one begins.
fn require_deployable(repo: &Monorepo, flags: &BuildImage) -> Result<()> {
    let allowed: BTreeSet<Allowance> = flags.allow.iter().copied().map(Allowance::from).collect();
    let mut problems = repo.deployment_problems(&allowed)?;
    if flags.boot && !allowed.contains(&Allowance::UnsetVariables) {
        let mut given = Boot::variables(&settings::boot(&flags.boot_flags))?;
        given.extend(config::names(&recipe::plan(repo, None).image.environment));
        problems.extend(repo.unset_variables(&given)?);
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems).into()) }
}
