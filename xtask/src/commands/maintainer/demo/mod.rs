//! `demo`: the small monorepo that comes with this tool, from nothing to a page in the browser.

mod boot;
mod engine_choice;
mod install;
mod needs;
mod packages;

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use boot::Boot;
use diagnostics::{Failed, Message};
use process::Interrupt;

use crate::commands::build_image;
use crate::error_text::without_hint;
use crate::flags::{BootFlags, BuildImage, Demo, EmbeddedFlags, EngineChoice, OutputPlaces, RepositoryFlags};
use crate::output::Printer;
use crate::repository;
use engine_choice::Chosen;
use needs::Need;

/// The demo, relative to this workspace.
const FOLDER: &str = "tests/fixtures/demo";

pub(crate) fn run(flags: &Demo, common: &RepositoryFlags, printer: &Printer, interrupt: &Interrupt) -> Result<()> {
    let start = Instant::now();
    let nowhere = || {
        let text = Message::new("the demo is part of this tool's source");
        Failed::new(text.hint("start it as `cargo xtask demo` in the folder of the source"))
    };
    let workspace = repository::workspace_folder().ok_or_else(nowhere)?;
    let demo = workspace.join(FOLDER);
    super::require_tests(&workspace)?;
    let repository =
        RepositoryFlags { repo: Some(demo), state_dir: common.state_dir.clone(), ..RepositoryFlags::default() };
    let chosen = engine_choice::choose(flags.engine, &repository, printer, interrupt)?;
    let missing = install::provide(needs::missing(&chosen, flags), flags.yes, printer, interrupt)?;
    let boot = if flags.build_only { None } else { prepare(flags, &chosen, &missing, &workspace, printer)? };
    build(flags, &chosen, &repository, printer, interrupt)?;
    match boot {
        None => printer.block(&how_to_run(&flags.tag, &chosen)),
        Some(boot) => boot.run(flags, &repository, start, printer, interrupt)?,
    }
    Ok(())
}

/// What it takes to run the image, or nothing where that cannot be: an image is worth something by itself.
fn prepare<'a>(
    flags: &Demo,
    chosen: &'a Chosen,
    missing: &[Need],
    workspace: &'a Path,
    printer: &Printer,
) -> Result<Option<Boot<'a>>> {
    match Boot::prepare(chosen, workspace) {
        Ok(boot) => Ok(Some(boot)),
        Err(error) if flags.once => Err(error),
        Err(error) => {
            let text = |reason: String| format!("the demo is built, but not run: {reason}");
            let warning = match packages::by_hand(missing) {
                Some(command) => Message::new(text(without_hint(&error))).hint(format!("`{command}`")),
                None => Message::new(text(error.to_string())),
            };
            printer.warning(&warning.to_string());
            Ok(None)
        }
    }
}

fn build(
    flags: &Demo,
    chosen: &Chosen,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let build = BuildImage {
        tag: flags.tag.clone(),
        base: None,
        node: flags.node.clone(),
        max_base_age: builder::pins::MAX_AGE,
        ca_file: None,
        builder: None,
        artifacts: None,
        from_git: None,
        no_cache: false,
        plan: false,
        sbom: Vec::new(),
        provenance: None,
        report: None,
        result: None,
        baseline: Vec::new(),
        allow: Vec::new(),
        engine: match chosen {
            Chosen::Docker(_) => EngineChoice::Docker,
            Chosen::Embedded => EngineChoice::Embedded,
        },
        boot: false,
        boot_flags: BootFlags::default(),
        outputs: OutputPlaces::default(),
        embedded: EmbeddedFlags::default(),
    };
    build_image::run(&build, repository, printer, interrupt)
}

fn how_to_run(tag: &str, chosen: &Chosen) -> String {
    let load = match chosen {
        Chosen::Docker(_) => String::new(),
        Chosen::Embedded => {
            format!("  cargo xtask build-image --repo {FOLDER} --tag {tag} --engine embedded --load\n")
        }
    };
    format!(
        "
To run it, install PostgreSQL and type `cargo xtask demo` again; or, with Docker:

{load}  docker network create backstage-demo
  docker run --detach --name backstage-demo-db --network backstage-demo \\
    --env POSTGRES_PASSWORD=demo postgres:17
  docker run --rm --network backstage-demo --publish 7007:7007 \\
    --env POSTGRES_HOST=backstage-demo-db --env POSTGRES_PORT=5432 \\
    --env POSTGRES_USER=postgres --env POSTGRES_PASSWORD=demo {tag}

Then open http://localhost:7007"
    )
}
