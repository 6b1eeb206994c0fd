//! What could run a build here, and boot its image.

use boot::PostgresPrograms;
use containers::docker;
use process::EngineError;
use sandbox::{Sandbox, find_sandbox};

use super::line::{Line, LineState};

pub(super) fn lines() -> Vec<Line> {
    let docker = match docker::find(None) {
        Ok(docker) => Line::ok("docker", format!("{}, server {}", docker.program.display(), docker.server_version)),
        Err(error) => failed("docker", error),
    };
    let embedded = match find_sandbox().and_then(|sandbox| sandbox.check()) {
        Ok(()) => Line::ok("sandbox", "bubblewrap makes sandboxes here: builds work without a daemon"),
        Err(error) => failed("sandbox", error),
    };
    let mut lines = either([docker, embedded]);
    lines.push(match PostgresPrograms::find() {
        Ok(_) => Line::ok("postgresql", "for boot-image: a temporary database"),
        Err(error) => optional(failed("postgresql", error)),
    });
    lines.extend(PROGRAMS.iter().map(|program| program.line()));
    lines
}

/// One engine is enough.
fn either(engines: [Line; 2]) -> Vec<Line> {
    let works = engines.iter().any(|line| line.state == LineState::Ok);
    engines.into_iter().map(|line| if works { optional(line) } else { line }).collect()
}

fn optional(line: Line) -> Line {
    Line { state: line.state.min(LineState::Warning), ..line }
}

fn failed(check: &'static str, error: EngineError) -> Line {
    match error {
        EngineError::Missing { what, details, hint } => {
            let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
            Line::failed(check, what + &details, hint)
        }
        other => Line::failed(check, other.to_string(), "see what the program says when you start it yourself"),
    }
}

/// A program that parts of the work start.
struct Program {
    name: &'static str,
    /// What it is for.
    purpose: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program { name: "git", purpose: "labels of the image, its date, and which files a clone has" },
    Program { name: "curl", purpose: "the sandbox's own downloads" },
    Program { name: "apt-get", purpose: "root file systems of the sandbox; not needed with `--base`" },
    Program { name: "skopeo", purpose: "`--push` and images named from a registry" },
];

impl Program {
    fn line(&self) -> Line {
        match which::which(self.name) {
            Ok(path) => Line::ok(self.name, path.display().to_string()),
            Err(_) => Line::warning(
                self.name,
                format!("not on the PATH; it is for {}", self.purpose),
                format!("install {} where you need that", self.name),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_engine_is_enough_and_none_is_not() {
        let (good, bad) = (Line::ok("docker", "24"), Line::failed("sandbox", "none", "install it"));
        let states = |lines: Vec<Line>| lines.into_iter().map(|line| line.state).collect::<Vec<_>>();
        assert_eq!(states(either([good, bad.clone()])), [LineState::Ok, LineState::Warning]);
        assert_eq!(states(either([bad.clone(), bad])), [LineState::Failed, LineState::Failed]);
    }
}
