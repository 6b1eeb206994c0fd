//! Which engine runs a build, and the build by it.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use containers::docker::{self, Docker};
use diagnostics::WrongUsage;
use monorepo::Monorepo;
use process::Interrupt;
use sandbox::Sandbox;

use crate::boot_image::{Boot, Booter, BuildBooter};
use crate::context::Context;
use crate::docker::DockerBackend;
use crate::driver::Driver;
use crate::embedded::{EmbeddedBackend, check_settings};
use crate::outputs::Outputs;
use crate::report::{BuildReport, EngineName};
use crate::result::FinishedBuild;
use crate::settings::BuildSettings;
use crate::state::State;
use crate::verifier::Checks;
use crate::{backend::Backend, docker as docker_engine};

/// What runs the steps of a build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// Docker where one works, else embedded.
    #[default]
    Auto,
    /// Docker with BuildKit.
    Docker,
    /// Sandboxes on this machine, without a daemon.
    Embedded,
}

/// What an engine is chosen by.
#[derive(Debug, Clone, Copy, Default)]
pub struct EngineRequest<'a> {
    /// The engine that is asked for.
    pub engine: EngineChoice,
    /// A buildx builder other than the current one.
    pub builder: Option<&'a str>,
    /// What else is asked for.
    pub wants: Wants,
}

/// What the options of a build ask of its engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wants {
    /// Nothing that one of them lacks.
    #[default]
    Any,
    /// An output: the embedded engine needs least for it.
    Outputs,
    /// What only the embedded engine can do.
    Embedded,
}

/// An engine that was found.
pub enum Chosen {
    /// This Docker.
    Docker(Docker),
    /// Sandboxes.
    Embedded,
}

/// The engine that is asked for, or else the first that works.
///
/// # Errors
/// It does not work, none does, or it cannot do what is asked for.
pub fn choose(request: &EngineRequest<'_>) -> Result<Chosen> {
    let EngineRequest { engine, builder, wants } = *request;
    match engine {
        EngineChoice::Embedded if builder.is_some() => {
            Err(WrongUsage::new("--builder is for the engine docker").into())
        }
        EngineChoice::Docker if wants == Wants::Embedded => Err(WrongUsage::new(
            "the engine docker has none of the options under \"Embedded engine\" in `build-image --help`",
        )
        .hint("use `--engine embedded`")
        .into()),
        EngineChoice::Embedded => Ok(Chosen::Embedded),
        EngineChoice::Docker => Ok(Chosen::Docker(docker::find(builder)?)),
        EngineChoice::Auto if wants == Wants::Embedded && builder.is_some() => Err(WrongUsage::new(
            "--builder is for the engine docker, which has none of the options under \"Embedded engine\" in \
             `build-image --help`",
        )
        .hint("leave out one or the other")
        .into()),
        EngineChoice::Auto if wants != Wants::Any && builder.is_none() => Ok(Chosen::Embedded),
        EngineChoice::Auto => first_that_works(builder),
    }
}

fn first_that_works(builder: Option<&str>) -> Result<Chosen> {
    let no_docker = match docker::find(builder) {
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

/// Who asks for a build, and what it keeps between runs.
pub struct BuildRequest<'a> {
    /// What it is told.
    pub settings: &'a BuildSettings,
    /// Where it keeps what the next one uses.
    pub state: &'a State,
    /// Collects what becomes known.
    pub report: &'a BuildReport<'a>,
    /// Set when somebody asks it to stop.
    pub interrupt: &'a Interrupt,
}

/// Builds, verifies and names the image of a repository.
///
/// # Errors
/// Whatever fails; the image and the archives of before are as they were then.
pub fn build(chosen: &Chosen, repo: Monorepo, request: &BuildRequest<'_>) -> Result<FinishedBuild> {
    let BuildRequest { settings, state, report, interrupt } = *request;
    let settings = &match chosen {
        Chosen::Docker(_) => BuildSettings { outputs: settings.outputs.beside_docker(), ..settings.clone() },
        Chosen::Embedded => settings.clone(),
    };
    let outputs = Outputs::plan(settings, report.console, interrupt)?;
    if let Chosen::Embedded = chosen {
        check_settings(settings)?;
    }
    let boot = settings.boot.as_ref().map(Boot::prepare).transpose()?;
    let (engine, recipe) = match chosen {
        Chosen::Docker(docker) => {
            if boot.is_some() {
                boot::ensure_local(docker)?;
            }
            (EngineName::Docker, docker_engine::plan(settings.base.as_deref(), &repo, docker, state)?)
        }
        Chosen::Embedded => (EngineName::Embedded, recipe::plan(&repo, None)),
    };
    report.planned(engine, &recipe, state);
    let (repo, recipe, console) = (Arc::new(repo), Arc::new(recipe), report.console);
    let context = Context { settings, repo, recipe, state, report, console, interrupt };
    let verifier = Checks::new(settings, &context.repo, state);
    let booter = boot.as_ref().map(|boot| BuildBooter { boot, build: &context });
    let parts = Parts { context: &context, verifier: &verifier, booter: booter.as_ref(), outputs: &outputs };
    match chosen {
        Chosen::Docker(docker) => parts.drive(DockerBackend::prepare(&context, docker)?),
        Chosen::Embedded => parts.drive(EmbeddedBackend::prepare(&context)?),
    }
}

/// All parts of a build but the engine.
struct Parts<'a> {
    context: &'a Context<'a>,
    verifier: &'a Checks<'a>,
    booter: Option<&'a BuildBooter<'a>>,
    outputs: &'a Outputs<'a>,
}

impl Parts<'_> {
    fn drive(&self, backend: impl Backend) -> Result<FinishedBuild> {
        let booter = self.booter.map(|booter| booter as &dyn Booter);
        Driver { context: self.context, backend, verifier: self.verifier, booter, publisher: self.outputs }.run()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_engine_can_do_together_is_refused() {
        for (engine, builder, found) in [
            (EngineChoice::Embedded, Some("remote"), "--builder is for the engine docker"),
            (EngineChoice::Docker, None, "the engine docker has none of the options"),
            (EngineChoice::Auto, Some("remote"), "--builder is for the engine docker, which has none"),
        ] {
            let error = choose(&EngineRequest { engine, builder, wants: Wants::Embedded }).err().unwrap();
            assert!(error.is::<WrongUsage>() && error.to_string().starts_with(found), "{engine:?}: {error}");
        }
    }

    #[test]
    fn option_of_the_embedded_engine_chooses_it() {
        for engine in [EngineChoice::Auto, EngineChoice::Embedded] {
            let chosen = choose(&EngineRequest { engine, builder: None, wants: Wants::Embedded }).unwrap();
            assert!(matches!(chosen, Chosen::Embedded), "{engine:?}");
        }
        let output = EngineRequest { wants: Wants::Outputs, ..EngineRequest::default() };
        assert!(matches!(choose(&output).unwrap(), Chosen::Embedded));
    }
}
