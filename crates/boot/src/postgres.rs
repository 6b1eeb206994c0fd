//! A temporary PostgreSQL: in a sandbox of its own, reached through one socket, with a password
//! that nobody else knows.
//!
//! It runs in a user namespace, since it refuses to run as root, without a network, and dies with us.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use process::{EngineError, Interrupt};
use sandbox::{Identity, Mount, Network, Sandbox, SandboxedCommand};

use crate::program::Program;
use crate::random;

/// Where distributions keep the programs off the PATH: a folder for each version, and one in that.
const VERSIONS: &[&str] = &["/usr/lib/postgresql", "/usr/local/lib/postgresql"];
const DATA: &str = "/run/data";
const PASSWORD: &str = "/run/password";
/// How long it may take to start; mostly it is a second.
const LIMIT: Duration = Duration::from_secs(60);
/// Its data is temporary: nothing has to reach the disk.
const SETTINGS: &[&str] =
    &["listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200"];

/// The programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresPrograms {
    folder: PathBuf,
}

impl PostgresPrograms {
    /// Finds them on the PATH, or else the newest where distributions keep them.
    ///
    /// # Errors
    /// There are none.
    pub fn find() -> Result<Self, EngineError> {
        let on_path = which::which("initdb").ok().and_then(|program| program.canonicalize().ok());
        let on_path = on_path.and_then(|program| Some(program.parent()?.to_owned()));
        let folders = on_path.into_iter().chain(newest_first(VERSIONS));
        let found =
            folders.into_iter().find(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()));
        found.map(|folder| Self { folder }).ok_or_else(|| EngineError::Missing {
            what: "PostgreSQL is missing".to_owned(),
            details: vec!["found no initdb on the PATH or below /usr/lib/postgresql".to_owned()],
            hint: "install it (Debian and Ubuntu: postgresql; Fedora: postgresql-server; Alpine: postgresql)"
                .to_owned(),
        })
    }
}

fn newest_first(places: &[&str]) -> Vec<PathBuf> {
    let entries = places.iter().flat_map(std::fs::read_dir).flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// A running server; it ends with this value, or with this process.
pub struct Postgres {
    program: Program,
    sockets: PathBuf,
    password: String,
}

impl Postgres {
    /// Where its socket is for whoever is given [`Postgres::mount`]; to a client, that is its host.
    pub const HOST: &'static str = "/run/postgresql";
    /// Its port, which is in the name of the socket.
    pub const PORT: &'static str = "5432";
    /// Its superuser.
    pub const USER: &'static str = "postgres";

    /// Makes a new cluster in `folder` and starts it; the folder is the caller's to remove.
    ///
    /// # Errors
    /// A program failed, or was interrupted.
    pub fn start(
        programs: &PostgresPrograms,
        sandbox: &dyn Sandbox,
        folder: &Path,
        log: &Path,
        interrupt: &Interrupt,
    ) -> Result<Self, EngineError> {
        let password = random::password()?;
        let cluster = Cluster { programs, folder };
        cluster.lay_out(&password).map_err(EngineError::io("preparing PostgreSQL's folder"))?;
        sandbox.wrap(&cluster.initdb()).stream(Some(log), interrupt, |_| {})?;
        let program = Program::start("postgresql", &sandbox.wrap(&cluster.server()), log)?;
        let program = program.described("postgres".to_owned());
        program.wait_until(LIMIT, interrupt, || cluster.is_ready())?;
        Ok(Self { program, sockets: folder.join("sockets"), password })
    }

    /// What a sandbox or a container must see to reach it as [`Postgres::HOST`].
    pub fn mount(&self) -> Mount {
        Mount::read_only(&self.sockets, Self::HOST)
    }

    /// The superuser's password.
    pub fn password(&self) -> OsString {
        self.password.clone().into()
    }

    /// The socket on which it answers.
    pub fn socket(&self) -> PathBuf {
        self.sockets.join(format!(".s.PGSQL.{}", Self::PORT))
    }

    /// The server as a program.
    pub fn program(&self) -> &Program {
        &self.program
    }
}

/// The folder and what runs in it.
struct Cluster<'a> {
    programs: &'a PostgresPrograms,
    folder: &'a Path,
}

impl Cluster<'_> {
    fn lay_out(&self, password: &str) -> std::io::Result<()> {
        std::fs::create_dir_all(self.folder.join("data"))?;
        std::fs::create_dir_all(self.folder.join("sockets"))?;
        private(&self.folder.join("password"), password)?;
        // The host knows nobody of the sandbox's number.
        std::fs::write(self.folder.join("passwd"), "postgres:x:1000:1000::/tmp:/bin/sh\n")
    }

    fn initdb(&self) -> SandboxedCommand {
        let pwfile = format!("--pwfile={PASSWORD}");
        let mut command = self.command("initdb", &["--pgdata", DATA, "--username", Postgres::USER, &pwfile]);
        command.argv.extend(["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"].map(str::to_owned));
        command.mounts.push(Mount::read_only(self.folder.join("password"), PASSWORD));
        command
    }

    fn server(&self) -> SandboxedCommand {
        let mut command = self.command("postgres", &["-D", DATA, "-k", Postgres::HOST, "-p", Postgres::PORT]);
        let settings = SETTINGS.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]);
        command.argv.extend(settings);
        command.mounts.push(Mount::writable(self.folder.join("sockets"), Postgres::HOST));
        command
    }

    fn command(&self, program: &str, arguments: &[&str]) -> SandboxedCommand {
        let path = format!("{}:/usr/bin:/bin", self.programs.folder.display());
        let program = self.programs.folder.join(program).display().to_string();
        SandboxedCommand {
            root: "/".into(),
            mounts: vec![
                Mount::read_only(self.folder.join("passwd"), "/etc/passwd"),
                Mount::writable(self.folder.join("data"), DATA),
            ],
            environment: vec![("PATH".to_owned(), path), ("LC_ALL".to_owned(), "C".to_owned())],
            secrets: Vec::new(),
            network: Network::None,
            identity: Identity::default(),
            folder: "/".to_owned(),
            argv: std::iter::once(program).chain(arguments.iter().map(|&word| word.to_owned())).collect(),
        }
    }

    /// The server says so in the file by which pg_ctl, too, knows it (`LOCK_FILE_LINE_PM_STATUS`).
    fn is_ready(&self) -> bool {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        text.lines().nth(7).is_some_and(|state| state.trim() == "ready")
    }
}

fn private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(file)?, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandbox::{Bubblewrap, find_sandbox};

    #[test]
    fn the_newest_version_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["9", "15", "common", "10"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let place = folder.path().to_str().unwrap();
        let names = newest_first(&[place, "/no/such/folder"]);
        assert_eq!(names, ["15/bin", "10/bin", "9/bin"].map(|name| folder.path().join(name)));
    }

    #[test]
    fn the_server_has_no_network_and_writes_to_its_folder_alone() {
        let programs = PostgresPrograms { folder: "/usr/lib/postgresql/15/bin".into() };
        let sandbox = Bubblewrap::at(Path::new("bwrap"));
        let cluster = Cluster { programs: &programs, folder: Path::new("/state/db") };
        let text = sandbox.wrap(&cluster.server()).to_string();
        assert!(text.contains("--die-with-parent") && text.contains("--unshare-net --ro-bind / /"), "{text}");
        let binds: Vec<_> = text.split(" --bind ").skip(1).map(|rest| rest.split(' ').nth(1).unwrap()).collect();
        assert_eq!(binds, ["/run/data", "/run/postgresql"]);
    }

    #[test]
    fn a_cluster_comes_and_goes() {
        let (Ok(programs), Ok(sandbox)) = (PostgresPrograms::find(), find_sandbox()) else { return };
        let folder = tempfile::tempdir().unwrap();
        let (cluster, log) = (folder.path().join("db"), folder.path().join("log"));
        let server = Postgres::start(&programs, &sandbox, &cluster, &log, &Interrupt::default()).unwrap();
        let socket = cluster.join("sockets/.s.PGSQL.5432");
        assert!(std::os::unix::net::UnixStream::connect(&socket).is_ok());
        drop(server);
        assert!(std::os::unix::net::UnixStream::connect(&socket).is_err());
    }
}
