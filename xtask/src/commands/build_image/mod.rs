//! `build-image`: chooses what runs the build.

mod assembly;
mod base;
mod conclusion;
mod docker;
mod embedded;
mod evidence;
mod from_git;
mod image_check;
mod outputs;
mod preflight;
mod pruning;
pub(crate) mod push;
mod shared;

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use diagnostics::Problems;
use image::ImageForm;
use monorepo::{Allowance, Monorepo};
use process::Interrupt;
use sandbox::Sandbox;

use crate::commands::boot_image::Boot;
use crate::commands::config;
use crate::exit::WrongUsage;
use crate::flags::{BuildImage, EmbeddedFlags, EngineChoice, RepositoryFlags};
use crate::output::Printer;
use crate::report::Story;
use crate::repository;
use crate::state::State;
use crate::{pins, sbom};

/// What runs a build.
enum Chosen {
    Docker(containers::docker::Docker),
    Embedded,
}

pub(crate) fn run(
    flags: &BuildImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    sbom::check("--report", flags.report.as_slice())?;
    sbom::check("--result", flags.result.as_slice())?;
    let story = Story::begin(&flags.tag, flags.report.as_deref(), printer);
    build(flags, repository, &story, interrupt).inspect_err(|error| {
        if !error.is::<WrongUsage>() {
            story.fail(error);
        }
    })
}

fn build(flags: &BuildImage, repository: &RepositoryFlags, story: &Story<'_>, interrupt: &Interrupt) -> Result<()> {
    let printer = story.printer;
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
    preflight::warn(&repo, printer)?;
    let chosen = choose(flags)?;
    let state = match held {
        Some(state) => state,
        None => State::open(&repo.root, repository, printer, interrupt)?,
    };
    match chosen {
        Chosen::Docker(docker) => docker::run(&docker, flags, &repo, &state, story, interrupt),
        Chosen::Embedded => embedded::run(flags, repo, &state, story, interrupt),
    }
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
    let state = State::open(&root, repository, printer, interrupt)?;
    let clone = from_git::check_out(&root, revision, &state, printer)?;
    let of_clone = RepositoryFlags { repo: Some(clone), ..repository.clone() };
    Ok((repository::read(&of_clone, printer)?, Some(state)))
}

/// What no build could mend is said before one begins.
fn require_deployable(repo: &Monorepo, flags: &BuildImage) -> Result<()> {
    let allowed: BTreeSet<Allowance> = flags.allow.iter().copied().map(Allowance::from).collect();
    let mut problems = repo.deployment_problems(&allowed)?;
    if flags.boot && !allowed.contains(&Allowance::UnsetVariables) {
        let mut given = Boot::variables(&flags.boot_flags)?;
        given.extend(config::names(&recipe::plan(repo, None).image.environment));
        problems.extend(repo.unset_variables(&given)?);
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems).into()) }
}

/// The engine that is asked for, or else the first that works.
fn choose(flags: &BuildImage) -> Result<Chosen> {
    let builder = flags.builder.as_deref();
    let wants_embedded = flags.embedded != EmbeddedFlags::default();
    match flags.engine {
        EngineChoice::Embedded if builder.is_some() => {
            Err(WrongUsage("--builder is for the engine docker".to_owned()).into())
        }
        EngineChoice::Docker if wants_embedded => Err(WrongUsage(
            "the engine docker has none of the options under \"Embedded engine\" in `build-image --help`\n  hint: use `--engine embedded`"
                .to_owned(),
        )
        .into()),
        EngineChoice::Embedded => Ok(Chosen::Embedded),
        EngineChoice::Docker => Ok(Chosen::Docker(containers::docker::find(builder)?)),
        EngineChoice::Auto if wants_embedded && builder.is_none() => Ok(Chosen::Embedded),
        EngineChoice::Auto => first_that_works(builder),
    }
}

fn first_that_works(builder: Option<&str>) -> Result<Chosen> {
    let no_docker = match containers::docker::find(builder) {
        Ok(docker) => return Ok(Chosen::Docker(docker)),
        Err(error) if builder.is_some() => return Err(error.into()),
        Err(error) => error,
    };
    match sandbox::find_sandbox().and_then(|sandbox| sandbox.check()) {
        Ok(()) => Ok(Chosen::Embedded),
        Err(no_sandbox) => {
            Err(anyhow!("no engine works here; either will do\n- docker: {no_docker}\n- embedded: {no_sandbox}"))
        }
    }
}
