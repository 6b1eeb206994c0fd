//! Starts an image as production would, looks at what it serves, and stops it.

mod database;
mod database_url;
mod report;
mod session;
mod subject;
mod variables;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use boot::READY_LIMIT;
use process::{EngineError, Interrupt};

use crate::console::Console;
use crate::context::Context as Build;
use crate::settings::BootSettings;
use crate::state::State;
use database::DatabaseSource;
pub use report::Booted;
pub use session::KEPT;
use session::Session;
pub(crate) use subject::Bootable;
pub use subject::{Backend, Subject};

/// Most memory, unless the settings say otherwise; a new app of create-app takes less than half of it.
const MEMORY: u64 = 1 << 30;

/// What every boot takes, found before there is an image.
pub struct Boot {
    memory: u64,
    timeout: Duration,
    variables: Vec<(String, String)>,
    database: DatabaseSource,
}

impl Boot {
    /// Reads the variables, and finds a database.
    ///
    /// # Errors
    /// A variable is none, or there is no database.
    pub fn prepare(settings: &BootSettings) -> Result<Self> {
        Ok(Self {
            memory: settings.memory.unwrap_or(MEMORY),
            timeout: settings.timeout.unwrap_or(READY_LIMIT),
            variables: variables::read(settings)?,
            database: DatabaseSource::find(settings.database_url.as_deref())?,
        })
    }

    /// Names of the variables that an image is given.
    ///
    /// # Errors
    /// A variable is none.
    pub fn variables(settings: &BootSettings) -> Result<BTreeSet<String>> {
        let own = variables::read(settings)?.into_iter().map(|(name, _)| name);
        Ok(own.chain(database::VARIABLES.iter().map(|name| (*name).to_owned())).collect())
    }

    /// Boots an image, looks at it, and stops it. When it fails, `consequence` comes first in the error.
    ///
    /// # Errors
    /// It does not run as it should, or cannot be run here.
    pub fn run(
        &self,
        subject: &Subject,
        name: &str,
        consequence: &str,
        state: &State,
        console: &dyn Console,
        interrupt: &Interrupt,
    ) -> Result<Booted> {
        let start = Instant::now();
        let scratch = state.scratch()?;
        let session =
            Session { boot: self, subject, name, consequence, state, scratch: scratch.path(), console, interrupt };
        let result = session.run();
        let removed = scratch.close().context("removing what the image ran in");
        let mut booted =
            result.map_err(|error| if interrupt.is_set() { EngineError::Interrupted.into() } else { error })?;
        removed?;
        booted.seconds = start.elapsed().as_secs_f64();
        Ok(booted)
    }
}

/// Runs images of a build.
pub(crate) trait Booter {
    /// Boots an image, and prints what it did. When it fails, `consequence` comes first in the error.
    fn boot(&self, image: Bootable, consequence: &str) -> Result<()>;
}

/// The booter of a build.
pub(crate) struct BuildBooter<'a> {
    pub(crate) boot: &'a Boot,
    pub(crate) build: &'a Build<'a>,
}

impl Booter for BuildBooter<'_> {
    fn boot(&self, image: Bootable, consequence: &str) -> Result<()> {
        let Build { settings, state, console, interrupt, .. } = self.build;
        let booted = self.boot.run(&Subject::of(image)?, &settings.tag, consequence, state, *console, interrupt)?;
        booted.print(&settings.tag, *console);
        Ok(())
    }
}
