//! `demo`: the image of the small monorepo that comes with this tool.

use anyhow::{Context, Result};
use engine::{Engine, Interrupt, docker};
use monorepo::Monorepo;

use crate::commands::{base_image, build_image};
use crate::flags::{BuildImage, Demo, EmbeddedFlags, EngineChoice, RepositoryFlags};
use crate::output::Printer;
use crate::repository;

/// The demo, relative to this workspace.
const FOLDER: &str = "tests/fixtures/demo";

pub(crate) fn run(flags: &Demo, printer: &Printer, interrupt: &Interrupt) -> Result<()> {
    let workspace = repository::workspace_folder().context(
        "the demo is part of this tool's source\n  hint: start it as `cargo xtask demo` in the folder of the source",
    )?;
    let repository = RepositoryFlags { repo: Some(workspace.join(FOLDER)), ..RepositoryFlags::default() };
    ensure_base_image(&repository, printer, interrupt)?;
    let build = BuildImage {
        tag: flags.tag.clone(),
        base: None,
        ca_file: None,
        builder: None,
        artifacts: None,
        no_cache: false,
        plan: false,
        engine: EngineChoice::Docker,
        embedded: EmbeddedFlags::default(),
    };
    build_image::run(&build, &repository, printer, interrupt)?;
    printer.block(&how_to_run(&flags.tag));
    Ok(())
}

/// A first try should not end at a registry that cannot be reached.
fn ensure_base_image(repository: &RepositoryFlags, printer: &Printer, interrupt: &Interrupt) -> Result<()> {
    let repo: Monorepo = repository::read(repository, printer)?;
    let recipe = recipe::plan(&repo, None);
    let docker = docker::find(None)?;
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

fn how_to_run(tag: &str) -> String {
    format!(
        "
To run it with a database beside it:

  docker network create backstage-demo
  docker run --detach --name backstage-demo-db --network backstage-demo \\
    --env POSTGRES_PASSWORD=demo postgres:17
  docker run --rm --network backstage-demo --publish 7007:7007 \\
    --env POSTGRES_HOST=backstage-demo-db --env POSTGRES_PORT=5432 \\
    --env POSTGRES_USER=postgres --env POSTGRES_PASSWORD=demo {tag}

Then open http://localhost:7007"
    )
}
