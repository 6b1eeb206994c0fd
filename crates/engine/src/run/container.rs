//! An image of Docker's as a container that ends with us.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::image::Service;
use super::program::Program;
use super::watchdog::Watchdog;
use crate::docker::Docker;
use crate::embedded::Mount;
use crate::failure::EngineError;
use crate::process::Invocation;

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
    /// Starts a container of the image: its files read-only, `/tmp` in memory, one port published.
    ///
    /// # Errors
    /// Docker's client cannot be started.
    pub fn start(
        docker: &Docker,
        image: &str,
        service: &Service,
        publish: Publish,
        log: &Path,
    ) -> Result<Self, EngineError> {
        let name = unique_name();
        let line = command(&docker.program, &name, image, service, publish);
        let watchdog = Watchdog::start(&docker.program, &name)?;
        // In the foreground: its output is the log, and its end the container's.
        let program = Program::start("boot", &line, log)?.described(format!("docker run {image}"));
        Ok(Self { docker: docker.program.clone(), name, program, _watchdog: watchdog })
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

fn command(docker: &Path, name: &str, image: &str, service: &Service, publish: Publish) -> Invocation {
    let mut line = Invocation::new(docker).args(["run", "--rm", "--init", "--name", name, "--pull", "never"]);
    line = line.args(["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]);
    line = line.args(["--publish", &format!("127.0.0.1:{}:{}", publish.host, publish.container)]);
    for mount in &service.mounts {
        line = line.args(mount_arguments(mount));
    }
    for (name, value) in &service.environment {
        line = line.args(["--env", &format!("{name}={value}")]);
    }
    for (name, value) in &service.secrets {
        line = line.args(["--env", name]).env(name, value);
    }
    line.arg(image)
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

/// Whether the daemon is on this machine: only then can a container see a socket of ours, or we a port of its.
pub fn is_local(docker: &Docker) -> bool {
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

    #[test]
    fn the_command_line_is_exactly_this() {
        let service = Service {
            environment: vec![("POSTGRES_PORT".to_owned(), "5432".to_owned())],
            secrets: vec![("POSTGRES_PASSWORD".to_owned(), "hush".into())],
            mounts: vec![Mount::read_only("/state/socket", "/run/postgresql")],
        };
        let publish = Publish { host: 7008, container: 7007 };
        let line = command(Path::new("/usr/bin/docker"), "name", "demo:latest", &service, publish);
        assert_eq!(
            line.to_string(),
            "/usr/bin/docker run --rm --init --name name --pull never --read-only --tmpfs /tmp --cap-drop ALL \
             --publish 127.0.0.1:7008:7007 --mount type=bind,source=/state/socket,target=/run/postgresql,readonly \
             --env POSTGRES_PORT=5432 --env POSTGRES_PASSWORD demo:latest"
        );
        assert_eq!(line.environment, [("POSTGRES_PASSWORD".to_owned(), "hush".into())]);
    }
}
