//! The demo's image at work: a database, the backend, a look at the page, and nothing left of it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use boot::{Answers, Postgres, PostgresPrograms, Program, Publish, READY_LIMIT, Server, Service};
use builder::state::State;
use builder::{Backend, KEPT, Subject};
use image::ImageSource;
use process::Interrupt;
use sandbox::{self, Bubblewrap};
use serde_json::json;

use super::engine_choice::Chosen;
use crate::exit::CheckFailed;
use crate::flags::{Demo, RepositoryFlags};
use crate::output::Printer;
use crate::repository;

/// Where the demo's configuration says that it is.
const PORT: u16 = 7007;
/// Where a build without a daemon keeps its image, in the state of the repository.
const LAYOUT: &str = "image";

/// All that it takes, found before the long build.
pub(super) struct Boot<'a> {
    chosen: &'a Chosen,
    /// This tool's own folder: running the demo keeps nobody from building it.
    workspace: &'a Path,
    sandbox: Bubblewrap,
    programs: PostgresPrograms,
}

impl<'a> Boot<'a> {
    pub(super) fn prepare(chosen: &'a Chosen, workspace: &'a Path) -> Result<Self> {
        if let Chosen::Docker(docker) = chosen {
            boot::ensure_local(docker)?;
        }
        Ok(Self { chosen, workspace, programs: PostgresPrograms::find()?, sandbox: sandbox::find_sandbox()? })
    }

    /// Runs the image that was built, until somebody stops it.
    pub(super) fn run(
        &self,
        flags: &Demo,
        repository: &RepositoryFlags,
        start: Instant,
        printer: &Printer,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let state = State::open(self.workspace, repository.state_dir.as_deref(), printer, interrupt)?;
        let scratch = state.scratch()?;
        let session =
            Session { boot: self, flags, repository, state: &state, scratch: scratch.path(), printer, interrupt };
        let database = session.database()?;
        let port = boot::free_port(PORT).context("finding a free port")?;
        let backend = session.backend(&database, port)?;
        session.check(backend.program(), port, start)?;
        if !flags.once {
            printer.say("press Ctrl-C to stop it");
            backend.program().wait_for_stop(interrupt)?;
        }
        // The backend goes before its database.
        drop(backend);
        drop(database);
        scratch.close().context("removing the database's folder")?;
        printer.say("stopped; nothing of it is left but the image");
        Ok(())
    }
}

/// Everything one run works with.
struct Session<'a> {
    boot: &'a Boot<'a>,
    flags: &'a Demo,
    repository: &'a RepositoryFlags,
    state: &'a State,
    scratch: &'a Path,
    printer: &'a Printer,
    interrupt: &'a Interrupt,
}

impl Session<'_> {
    fn database(&self) -> Result<Postgres> {
        let log = self.state.path("logs/postgresql.log");
        let folder = self.scratch.join("postgresql");
        let Boot { programs, sandbox, .. } = self.boot;
        process::as_step("postgresql", self.printer, || {
            Ok(Postgres::start(programs, sandbox, &folder, &log, self.interrupt)?)
        })
    }

    fn backend(&self, database: &Postgres, port: u16) -> Result<Backend> {
        let log = self.state.path("logs/backend.log");
        let mut service = service(database, port);
        let root = self.scratch.join("root");
        let publish = Publish { host: port, container: PORT };
        let subject = match self.boot.chosen {
            Chosen::Docker(docker) => Subject::of_docker(docker, &self.flags.tag)?,
            Chosen::Embedded => {
                // Anybody who reaches the demo may sign in.
                service.environment.push(("APP_CONFIG_backend_listen".to_owned(), format!("127.0.0.1:{port}")));
                process::as_step("unpack", self.printer, || self.unpack(&root))?
            }
        };
        Ok(subject.start(&root, &service, Some(publish), &log)?)
    }

    /// Unpacks the very image that was built: what runs is what would be deployed.
    fn unpack(&self, root: &Path) -> Result<Subject> {
        // Held so that no build sweeps the layers meanwhile.
        let built = State::open(
            &repository::root(self.repository)?,
            self.repository.state_dir.as_deref(),
            self.printer,
            self.interrupt,
        )?;
        let image = ImageSource::Folder { folder: built.path(LAYOUT), name: Some(self.flags.tag.clone()) };
        let subject = Subject::find(&image)?;
        subject.unpack(&self.state.path(KEPT), root)?;
        Ok(subject)
    }

    /// Waits for the backend, looks at the page, and says where it is.
    fn check(&self, program: &Program, port: u16, start: Instant) -> Result<()> {
        let server = Server::Port(port);
        let ready = process::as_step("boot", self.printer, || {
            boot::wait_until_ready(program, &server, READY_LIMIT, self.interrupt)
        })?;
        let Answers { scripts, .. } = boot::page_answers(&server).map_err(CheckFailed::new)?;
        let address = format!("http://localhost:{port}");
        let (ready, seconds) = (ready.as_secs_f64(), start.elapsed().as_secs_f64());
        self.printer.block(&format!(
            "{address} answers, and all {} scripts of its page; ready in {ready:.1} s, {seconds:.1} s in all",
            scripts.len()
        ));
        let fields = json!({ "address": address, "scripts": scripts, "ready_seconds": ready, "seconds": seconds });
        self.printer.message("booted", fields);
        self.printer.data(&address);
        Ok(())
    }
}

/// What the demo's configuration asks a deployment for.
fn service(database: &Postgres, port: u16) -> Service {
    let mut environment = vec![
        ("POSTGRES_HOST".to_owned(), Postgres::HOST.to_owned()),
        ("POSTGRES_PORT".to_owned(), Postgres::PORT.to_owned()),
        ("POSTGRES_USER".to_owned(), Postgres::USER.to_owned()),
    ];
    if port != PORT {
        let address = format!("http://localhost:{port}");
        environment.extend(["app", "backend"].map(|name| (format!("APP_CONFIG_{name}_baseUrl"), address.clone())));
    }
    let secrets = vec![("POSTGRES_PASSWORD".to_owned(), database.password())];
    Service { environment, secrets, mounts: vec![database.mount()], confinement: None }
}
