//! One boot: a database, the image, a look at all it serves, and its end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use boot::{
    self, Addons, Answers, Catalog, Confinement, Ended, Forwarder, Program, Service, Supervisor, catalog_answers,
    page_answers, random_identity, wait_until_ready,
};
use process::{EngineError, Interrupt};

use super::database::{Database, PORT};
use super::report::{Booted, Failure};
use super::subject::Subject;
use super::{Boot, variables};
use crate::console::Console;
use crate::state::State;

/// Where the state keeps the unpacked files of the last image's large layers.
pub const KEPT: &str = "boot";
/// How long a backend may take to end; Docker, for one, waits as long before it kills.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Everything one boot works with.
pub(crate) struct Session<'a> {
    pub(crate) boot: &'a Boot,
    pub(crate) subject: &'a Subject,
    pub(crate) name: &'a str,
    pub(crate) consequence: &'a str,
    pub(crate) state: &'a State,
    pub(crate) scratch: &'a Path,
    pub(crate) console: &'a dyn Console,
    pub(crate) interrupt: &'a Interrupt,
}

/// What a backend showed while it ran.
struct Shown {
    answers: Answers,
    catalog: Catalog,
}

impl Session<'_> {
    pub(crate) fn run(&self) -> Result<Booted> {
        let root = self.scratch.join("root");
        let database = self.prepare(&root)?;
        let orders = self.subject.orders(PORT, self.boot.memory);
        let orders = if database.is_given() { orders } else { orders.with_encrypted_database() };
        let supervisor = Supervisor::lay_out(&self.scratch.join("boot"), &orders)?;
        let _forwarder = Forwarder::start(supervisor.database(), database.endpoint())?;
        let service = self.service(&database, &supervisor)?;
        let backend = self.subject.start(&root, &service, None, &self.log())?;
        let watched =
            Watched { session: self, program: backend.program(), supervisor: &supervisor, database: &database };
        let booted = watched.look();
        // The backend goes before its database.
        drop(backend);
        booted
    }

    /// Starts the database, and meanwhile unpacks the image.
    fn prepare(&self, root: &Path) -> Result<Database> {
        let (folder, log) = (self.scratch.join("postgresql"), self.state.path("logs/postgresql.log"));
        std::thread::scope(|scope| {
            let (subject, kept) = (self.subject, self.state.path(KEPT));
            let unpacked = scope.spawn(move || subject.unpack(&kept, root));
            // Sandboxes end with the thread that starts them: not in that one.
            let database = process::as_step("postgresql", self.console, || {
                self.boot.database.start(&folder, &log, self.interrupt)
            });
            let unpacked = process::as_step("unpack", self.console, || {
                Ok(unpacked.join().map_err(|_| anyhow::anyhow!("unpacking the image ended with a panic"))??)
            });
            database.and_then(|database| unpacked.map(|()| database))
        })
    }

    fn service(&self, database: &Database, supervisor: &Supervisor) -> Result<Service> {
        let confinement =
            Confinement { identity: random_identity()?, argv: Supervisor::argv(), memory: self.boot.memory };
        Ok(Service {
            environment: Vec::new(),
            secrets: variables::all(&database.variables(), &self.boot.variables),
            mounts: vec![supervisor.mount()],
            confinement: Some(confinement),
        })
    }

    fn log(&self) -> PathBuf {
        self.state.path("logs/backend.log")
    }
}

/// A backend that was started.
struct Watched<'a> {
    session: &'a Session<'a>,
    program: &'a Program,
    supervisor: &'a Supervisor,
    database: &'a Database,
}

impl Watched<'_> {
    /// Waits for it, looks at all it serves, and ends it.
    fn look(&self) -> Result<Booted> {
        let Session { console, interrupt, boot, .. } = self.session;
        let ready = process::as_step("boot", *console, || self.ready())?;
        let Shown { answers, catalog } = process::as_step("page", *console, || self.shown())?;
        let peak = self.supervisor.peak_memory(interrupt).map_err(|error| self.ended(&error))?;
        let addons = process::as_step("addons", *console, || self.addons())?;
        let start = Instant::now();
        process::as_step("stop", *console, || self.stop())?;
        Ok(Booted {
            ready: ready.as_secs_f64(),
            stop: start.elapsed().as_secs_f64(),
            seconds: 0.0,
            answers,
            catalog,
            addons,
            peak_memory: peak,
            memory_limit: boot.memory,
            memory_limited_by: self.session.subject.memory_limit(),
            unset: boot::unset_variables(&self.session.log()),
        })
    }

    fn ready(&self) -> Result<Duration> {
        let Session { boot, interrupt, .. } = self.session;
        let result = wait_until_ready(self.program, &self.supervisor.backend(), boot.timeout, interrupt);
        result.map_err(|error| match error {
            EngineError::Failed { .. } if self.program.has_ended() => self.failed("it ended before it was ready"),
            EngineError::Failed { .. } if boot::startup_failed(&self.session.log()) => {
                self.failed("its startup failed")
            }
            EngineError::Failed { .. } => {
                let seconds = boot.timeout.as_secs();
                self.failed(&format!(
                    "it runs, but was not ready within {seconds} s (`--timeout SECONDS` changes that)"
                ))
            }
            other => other.into(),
        })
    }

    fn shown(&self) -> Result<Shown> {
        let backend = self.supervisor.backend();
        let answers = page_answers(&backend).map_err(|found| self.failed(&found))?;
        let catalog = catalog_answers(&backend).map_err(|found| self.failed(&found))?;
        Ok(Shown { answers, catalog })
    }

    fn addons(&self) -> Result<Addons> {
        let addons = self.supervisor.addons(self.session.interrupt).map_err(|error| self.ended(&error))?;
        if addons.failed.is_empty() {
            return Ok(addons);
        }
        let lines = addons
            .failed
            .iter()
            .map(|addon| format!("\n  {}: {}", addon.file.escape_debug(), addon.reason.escape_debug()));
        Err(self.failed(&format!("native addons do not load{}", lines.collect::<String>())))
    }

    fn stop(&self) -> Result<()> {
        let ended = self.supervisor.stop(STOP_LIMIT, self.session.interrupt);
        let expected = "expected that it handles the signal and exits with 0";
        match ended {
            Ok(Ended { code: Some(0), .. }) => Ok(()),
            Ok(Ended { signal: Some(signal), .. }) => {
                Err(self.failed(&format!("on SIGTERM it was ended by {}, {expected}", signal.escape_debug())))
            }
            Ok(Ended { code, .. }) => {
                let code = code.unwrap_or_default();
                Err(self.failed(&format!("on SIGTERM it exited with {code}, {expected}")))
            }
            Err(EngineError::Interrupted) => Err(EngineError::Interrupted.into()),
            Err(_) => {
                let seconds = STOP_LIMIT.as_secs();
                Err(self.failed(&format!("on SIGTERM it did not end within {seconds} s, {expected}")))
            }
        }
    }

    /// It does not answer any more.
    fn ended(&self, error: &EngineError) -> anyhow::Error {
        match error {
            EngineError::Interrupted => EngineError::Interrupted.into(),
            other => self.failed(&format!("it was ready, but ended ({other})")),
        }
    }

    fn failed(&self, found: &str) -> anyhow::Error {
        // A database that is gone is not the image's fault.
        if let Some(server) = self.database.program().filter(|server| server.has_ended()) {
            return server.failure(None).into();
        }
        // What it said last reaches the log a moment after its end.
        if self.program.has_ended() {
            let _ = self.program.failure(None);
        }
        let Session { name, consequence, .. } = self.session;
        let failure = Failure { name, consequence, found, log: &self.session.log() };
        failure.into_error(self.database.is_given())
    }
}
