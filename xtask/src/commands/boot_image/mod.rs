//! `boot-image`: starts an image as production would, looks at what it serves, and stops it.

mod database;
mod database_url;
mod report;
mod session;
mod subject;
mod variables;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use boot::READY_LIMIT;
use image::ImageSource;
use process::{EngineError, Interrupt};

use crate::flags::{BootFlags, BootImage, RepositoryFlags};
use crate::output::Printer;
use crate::repository;
use crate::state::State;
use database::DatabaseSource;
pub(crate) use report::Booted;
pub(crate) use session::KEPT;
use session::Session;
pub(crate) use subject::{Backend, Subject};

/// Most memory, unless the flags say otherwise; a new app of create-app takes less than half of it.
const MEMORY: u64 = 1 << 30;

pub(crate) fn run(
    flags: &BootImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let boot = Boot::prepare(&flags.boot)?;
    let state = State::open(&state_of(&flags.image)?, repository, printer, interrupt)?;
    let subject = Subject::find(&flags.image)?;
    let booted = boot.run(&subject, &flags.image, "", &state, printer, interrupt)?;
    booted.tell(&flags.image, printer);
    printer.data(&flags.image);
    Ok(())
}

/// Whose state keeps the logs: that of the image's files, else of this tool.
fn state_of(image: &str) -> Result<PathBuf> {
    let source = ImageSource::parse(image);
    let file = source.path().filter(|path| path.exists());
    match file.map(Path::canonicalize).or_else(|| repository::workspace_folder().map(Ok)) {
        Some(root) => root.with_context(|| format!("finding {image}")),
        None => std::env::current_dir().context("finding the working directory"),
    }
}

/// What every boot takes, found before there is an image.
pub(crate) struct Boot {
    memory: u64,
    timeout: Duration,
    variables: Vec<(String, String)>,
    database: DatabaseSource,
}

impl Boot {
    /// Reads the flags, and finds a database.
    pub(crate) fn prepare(flags: &BootFlags) -> Result<Self> {
        Ok(Self {
            memory: flags.memory.unwrap_or(MEMORY),
            timeout: flags.timeout.map_or(READY_LIMIT, Duration::from_secs),
            variables: variables::read(flags)?,
            database: DatabaseSource::find(flags.database_url.as_deref())?,
        })
    }

    /// Names of the variables that an image is given.
    pub(crate) fn variables(flags: &BootFlags) -> Result<BTreeSet<String>> {
        let own = variables::read(flags)?.into_iter().map(|(name, _)| name);
        Ok(own.chain(database::VARIABLES.iter().map(|name| (*name).to_owned())).collect())
    }

    /// Boots an image, looks at it, and stops it. When it fails, `consequence` comes first in the error.
    pub(crate) fn run(
        &self,
        subject: &Subject,
        name: &str,
        consequence: &str,
        state: &State,
        printer: &Printer,
        interrupt: &Interrupt,
    ) -> Result<Booted> {
        let start = Instant::now();
        let scratch = state.scratch()?;
        let session =
            Session { boot: self, subject, name, consequence, state, scratch: scratch.path(), printer, interrupt };
        let result = session.run();
        let removed = scratch.close().context("removing what the image ran in");
        let mut booted =
            result.map_err(|error| if interrupt.is_set() { EngineError::Interrupted.into() } else { error })?;
        removed?;
        booted.seconds = start.elapsed().as_secs_f64();
        Ok(booted)
    }
}
