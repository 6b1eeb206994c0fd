//! A temporary PostgreSQL, from an image that Docker has.

use std::path::Path;
use std::time::Duration;

use containers::docker::Docker;
use process::{EngineError, Interrupt, Invocation};

use crate::container::Container;
use crate::forward::Endpoint;
use crate::random::password;

/// How long the official image may take to make its cluster and start.
const LIMIT: Duration = Duration::from_secs(120);

/// A running server in a container, removed with this value, or by its watchdog.
pub struct PostgresContainer {
    _container: Container,
    port: u16,
    password: String,
}

impl PostgresContainer {
    /// The newest image named `postgres` that Docker has.
    pub fn find_image(docker: &Docker) -> Option<String> {
        let question = ["image", "ls", "--filter", "reference=postgres:*", "--format", "{{.Repository}}:{{.Tag}}"];
        let answer = Invocation::new(&docker.program).args(question).read().ok()?;
        answer.lines().find(|name| !name.ends_with(":<none>")).map(str::to_owned)
    }

    /// Starts a server on a port of this machine's loopback address.
    ///
    /// # Errors
    /// It ended, was not ready in time, or the wait was interrupted.
    pub fn start(docker: &Docker, image: &str, log: &Path, interrupt: &Interrupt) -> Result<Self, EngineError> {
        let password = password()?;
        let container = Container::launch(docker, "postgresql", image, log, |name| {
            command(&docker.program, name, image, &password)
        })?;
        let ask = |arguments: &[&str]| Invocation::new(&docker.program).args(arguments).read();
        // Over TCP: the image first starts a server that has no port, to prepare it.
        let is_ready = ["exec", container.name(), "pg_isready", "--host", "127.0.0.1"];
        container.program().wait_until(LIMIT, interrupt, || ask(&is_ready).is_ok())?;
        let published = ask(&["port", container.name(), "5432/tcp"])?;
        let port = published.lines().next().and_then(|line| line.rsplit_once(':')?.1.parse().ok());
        let port = port.ok_or_else(|| container.program().failure(None))?;
        Ok(Self { _container: container, port, password })
    }

    /// Where it listens.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::Host("127.0.0.1".to_owned(), self.port)
    }

    /// The password of the superuser, which is `postgres`.
    pub fn password(&self) -> &str {
        &self.password
    }
}

/// Its data is temporary: nothing has to reach the disk.
fn command(docker: &Path, name: &str, image: &str, password: &str) -> Invocation {
    Invocation::new(docker)
        .args(["run", "--rm", "--name", name, "--pull", "never", "--publish", "127.0.0.1::5432"])
        .args(["--env", "POSTGRES_PASSWORD", image, "-c", "fsync=off", "-c", "max_connections=200"])
        .env("POSTGRES_PASSWORD", password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_exactly_this() {
        let line = command(Path::new("docker"), "name", "postgres:17", "hush");
        assert_eq!(
            line.to_string(),
            "docker run --rm --name name --pull never --publish 127.0.0.1::5432 --env POSTGRES_PASSWORD postgres:17 \
             -c fsync=off -c max_connections=200"
        );
    }
}
