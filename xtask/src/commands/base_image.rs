//! `base-image`: a base where no registry can be reached.

use std::path::Path;

use anyhow::Result;
use engine::{BaseImageRequest, Engine, Interrupt, docker};
use serde_json::json;

use crate::flags::{BaseImage, RepositoryFlags};
use crate::output::{Printer, StepLog};
use crate::repository;
use crate::state::State;
use crate::summary::megabytes;

/// Node's release line when there is no repository to ask.
const DEFAULT_NODE: &str = "24";

pub(crate) fn run(
    flags: &BaseImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let of_repository = || repository::read(repository, printer).map(|repo| repo.node.version).ok();
    let node = flags.node.clone().or_else(of_repository).unwrap_or_else(|| DEFAULT_NODE.to_owned());
    let reference = flags.tag.clone().unwrap_or_else(|| format!("node:{node}-trixie-slim"));
    make(&node, &reference, &flags.mirror, repository, printer, interrupt)?;
    printer.data(&reference);
    Ok(())
}

/// Makes the image `reference` with this Node and says how large it is.
pub(crate) fn make(
    node: &str,
    reference: &str,
    mirrors: &[String],
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let docker = docker::find(None)?;
    let state = State::open(Path::new("/base-image"), repository, printer, interrupt)?;
    let scratch = state.scratch()?;
    let log = state.path("logs/base-image.log");
    let steps = StepLog::new(printer);
    let request = BaseImageRequest { node, reference, mirrors, scratch: scratch.path(), log: &log };
    let id = engine::make_base_image(&docker, &request, interrupt, &steps)?;
    let size = docker.inspect(&id)?.map_or(0, |image| image.size);
    printer.say(&format!("{reference}: {}, in {:.1} s", megabytes(size), steps.seconds()));
    printer
        .message("base-image", json!({ "reference": reference, "id": id, "size": size, "seconds": steps.seconds() }));
    Ok(())
}
