//! Which engine builds and runs the demo.

use anyhow::Result;
use containers::{
    Engine,
    docker::{self, Docker},
};
use process::{EngineError, Interrupt};

use crate::commands::base_image;
use crate::error_text::without_hint;
use crate::flags::{EngineChoice, RepositoryFlags};
use crate::output::Printer;
use crate::repository;

/// What builds and runs.
pub(super) enum Chosen {
    /// A Docker that has the base image.
    Docker(Docker),
    /// Sandboxes.
    Embedded,
}

/// The engine that is asked for, or Docker where it works, else sandboxes.
pub(super) fn choose(
    choice: EngineChoice,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<Chosen> {
    let with_docker = || -> Result<Chosen> {
        let docker = docker::find(None)?;
        ensure_base_image(&docker, repository, printer, interrupt)?;
        Ok(Chosen::Docker(docker))
    };
    match choice {
        EngineChoice::Embedded => Ok(Chosen::Embedded),
        EngineChoice::Docker => with_docker(),
        EngineChoice::Auto => match with_docker() {
            Ok(chosen) => Ok(chosen),
            Err(_) if interrupt.is_set() => Err(EngineError::Interrupted.into()),
            Err(error) => {
                let text = without_hint(&error);
                let reason: Vec<_> = text.lines().map(str::trim).collect();
                printer.say(&format!("without Docker: {}", reason.join("; ")));
                Ok(Chosen::Embedded)
            }
        },
    }
}

/// A first try should not end at a registry that cannot be reached.
fn ensure_base_image(
    docker: &Docker,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let recipe = recipe::plan(&repo, None);
    if docker.inspect(&recipe.base_image)?.is_some() {
        return Ok(());
    }
    printer.say(&format!("fetching the base image {}", recipe.base_image));
    if docker.pull(&recipe.base_image, interrupt).is_ok() {
        return Ok(());
    }
    printer.say(&format!("{} cannot be pulled; making an equivalent from Debian and npm packages", recipe.base_image));
    base_image::make(&repo.node.version, &recipe.base_image, &[], repository, printer, interrupt)
}
