//! `boot-image`: starts an image as production would, looks at what it serves, and stops it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use builder::state::State;
use builder::{Boot, Subject};
use image::ImageSource;
use process::Interrupt;

use crate::flags::{BootImage, RepositoryFlags};
use crate::output::Printer;
use crate::{image_source, repository, settings};

pub(crate) fn run(
    flags: &BootImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let boot = Boot::prepare(&settings::boot(&flags.boot))?;
    let source = image_source::parse(&flags.image)?;
    let state = State::open(&state_of(&source)?, repository.state_dir.as_deref(), printer, interrupt)?;
    let subject = Subject::find(&source)?;
    let booted = boot.run(&subject, &flags.image, "", &state, printer, interrupt)?;
    booted.print(&flags.image, printer);
    printer.data(&flags.image);
    Ok(())
}

/// Whose state keeps the logs: that of the image's files, else of this tool.
fn state_of(image: &ImageSource) -> Result<PathBuf> {
    let file = image.path().filter(|path| path.exists());
    match file.map(Path::canonicalize).or_else(|| repository::workspace_folder().map(Ok)) {
        Some(root) => root.with_context(|| format!("finding {image}")),
        None => std::env::current_dir().context("finding the working directory"),
    }
}
