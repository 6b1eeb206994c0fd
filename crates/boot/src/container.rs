//! An image of Docker's as a container that ends with us.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use containers::docker::Docker;
use process::{EngineError, Invocation, Redactor};
use sandbox::{Identity, Mount};

use crate::program::Program;
use crate::service::Service;
use crate::watchdog::Watchdog;

/// A port of a container on this machine's loopback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// On this machine.
    pub host: u16,
    /// In the container.
    pub container: u16,
}

/// A running container, removed with this value, or by its watchdog.
pub struct Container {
    docker: PathBuf,
    name: String,
    program: Program,
    _watchdog: Watchdog,
}

impl Container {
    /// Starts a container of the image: its files read-only, `/tmp` in memory, one port published or, when it
    /// is confined, none.
    ///
    /// # Errors
    /// Docker's client cannot be started.
    pub fn start(
        docker: &Docker,
        image: &str,
        service: &Service,
        publish: Option<Publish>,
        log: &Path,
    ) -> Result<Self, EngineError> {
        Self::launch(docker, "boot", image, log, |name| command(&docker.program, name, image, service, publish))
    }

    /// Starts the container that `line` makes under the name it is given.
    pub(crate) fn launch(
        docker: &Docker,
        step: &'static str,
        image: &str,
        log: &Path,
        line: impl FnOnce(&str) -> Invocation,
    ) -> Result<Self, EngineError> {
        let name = unique_name();
        let watchdog = Watchdog::start(&docker.program, &name)?;
        // In the foreground: its output is the log, and its end the container's.
        let program = Program::start(step, &line(&name), log)?.described(format!("docker run {image}"));
        Ok(Self { docker: docker.program.clone(), name, program, _watchdog: watchdog })
    }

    /// Its name, of ours.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Docker's client, which runs as long as the container does.
    pub fn program(&self) -> &Program {
        &self.program
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Fails when the container ended by itself, or on a Ctrl-C that reached it: then nothing is left.
        for arguments in [["stop", "--time", "5"].as_slice(), &["rm", "--force", "--volumes"]] {
            let _ = Invocation::new(&self.docker).args(arguments).arg(&self.name).read();
        }
    }
}

fn command(docker: &Path, name: &str, image: &str, service: &Service, publish: Option<Publish>) -> Invocation {
    let mut line = Invocation::new(docker).args(["run", "--rm", "--init", "--name", name, "--pull", "never"]);
    line = line.args(["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]);
    if let Some(publish) = publish {
        line = line.args(["--publish", &format!("127.0.0.1:{}:{}", publish.host, publish.container)]);
    }
    if let Some(confinement) = &service.confinement {
        let (Identity { user, group }, memory) = (confinement.identity, confinement.memory.to_string());
        line = line.args(["--network", "none", "--security-opt", "no-new-privileges"]);
        line = line.args(["--user", &format!("{user}:{group}"), "--memory", &memory, "--memory-swap", &memory]);
    }
    for mount in &service.mounts {
        line = line.args(mount_arguments(mount));
    }
    for (name, value) in &service.environment {
        line = line.args(["--env", &format!("{name}={value}")]);
    }
    for (name, value) in &service.secrets {
        line = line.args(["--env", name]).env(name, value);
    }
    line = line.hiding(Redactor::of_service(&service.secrets));
    match service.confinement.as_ref().and_then(|confinement| confinement.argv.split_first()) {
        Some((program, arguments)) => line.args(["--entrypoint", program, image]).args(arguments),
        None => line.arg(image),
    }
}

fn mount_arguments(mount: &Mount) -> [String; 2] {
    let bind = |host: &Path, inside: &str| format!("type=bind,source={},target={inside}", host.display());
    match mount {
        Mount::ReadOnly { host, inside } => ["--mount".to_owned(), bind(host, inside) + ",readonly"],
        Mount::Writable { host, inside } => ["--mount".to_owned(), bind(host, inside)],
        Mount::Memory { inside } => ["--tmpfs".to_owned(), inside.clone()],
    }
}

/// A name that no other process of this machine takes.
fn unique_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("backstage-xtask-run-{}-{}", std::process::id(), now.as_millis())
}

/// Makes sure that the daemon is on this machine: only then can a container see a socket of ours, or we a port
/// of its.
///
/// # Errors
/// It is on another one.
pub fn ensure_local(docker: &Docker) -> Result<(), EngineError> {
    if is_local(docker) {
        return Ok(());
    }
    Err(EngineError::Missing {
        what: "the Docker daemon is on another machine".to_owned(),
        details: vec!["the database is reached from this one".to_owned()],
        hint: "build and run the image here with `--engine embedded`".to_owned(),
    })
}

fn is_local(docker: &Docker) -> bool {
    let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let context = || {
        let question = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
        Invocation::new(&docker.program).args(question).read().unwrap_or_default()
    };
    host.unwrap_or_else(context).starts_with("unix://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Confinement;

    #[test]
    fn the_command_line_is_exactly_this() {
        let service = Service {
            environment: vec![("POSTGRES_PORT".to_owned(), "5432".to_owned())],
            secrets: vec![("POSTGRES_PASSWORD".to_owned(), "hush".into())],
            mounts: vec![Mount::read_only("/state/socket", "/run/postgresql")],
            confinement: None,
        };
        let publish = Some(Publish { host: 7008, container: 7007 });
        let line = command(Path::new("/usr/bin/docker"), "name", "demo:latest", &service, publish);
        assert_eq!(
            line.to_string(),
            "/usr/bin/docker run --rm --init --name name --pull never --read-only --tmpfs /tmp --cap-drop ALL \
             --publish 127.0.0.1:7008:7007 --mount type=bind,source=/state/socket,target=/run/postgresql,readonly \
             --env POSTGRES_PORT=5432 --env POSTGRES_PASSWORD demo:latest"
        );
        assert_eq!(line.environment, [("POSTGRES_PASSWORD".to_owned(), "hush".into())]);
    }

    #[test]
    fn a_confined_one_reaches_nobody() {
        let identity = Identity { user: 30_000, group: 0 };
        let argv = vec!["node".to_owned(), "/run/boot/supervisor.js".to_owned()];
        let confinement = Confinement { identity, argv, memory: 1 << 30 };
        let service = Service { confinement: Some(confinement), ..Service::default() };
        let line = command(Path::new("docker"), "name", "demo:latest", &service, None);
        assert_eq!(
            line.to_string(),
            "docker run --rm --init --name name --pull never --read-only --tmpfs /tmp --cap-drop ALL --network none \
             --security-opt no-new-privileges --user 30000:0 --memory 1073741824 --memory-swap 1073741824 \
             --entrypoint node demo:latest /run/boot/supervisor.js"
        );
    }
}
