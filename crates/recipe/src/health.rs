//! How an engine asks a running backend whether it is ready.

use monorepo::{Monorepo, READINESS};
use serde::Serialize;

/// The package that answers, and its first version that does (its CHANGELOG.md, 8e967da).
const ANSWERS: (&str, [u32; 3]) = ("@backstage/backend-defaults", [0, 4, 2]);

/// A question that a container asks itself. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthCheck {
    /// Program and arguments; 0 is well.
    pub command: Vec<String>,
    /// Between two checks.
    pub interval: u32,
    /// For one check.
    pub timeout: u32,
    /// In which failures do not count.
    pub start_period: u32,
    /// Failures in a row that make the container unhealthy.
    pub retries: u32,
}

/// The check of an image of `repo`: by Node, which is there anyway. None where the backend is too old to answer, or
/// a variable decides where it listens.
pub(crate) fn health_check(repo: &Monorepo) -> Option<HealthCheck> {
    let port = repo.configs.asked_port?;
    if !repo.settings.runtime.health_check.unwrap_or_else(|| is_answered(repo)) {
        return None;
    }
    let question = format!(
        "fetch(\"http://127.0.0.1:{port}{READINESS}\").then(({{ ok }}) => process.exit(ok ? 0 : 1), () => process.exit(1))"
    );
    Some(HealthCheck {
        command: ["node".to_owned(), "-e".to_owned(), question].into(),
        interval: 30,
        timeout: 5,
        start_period: 60,
        retries: 3,
    })
}

fn is_answered(repo: &Monorepo) -> bool {
    let (package, first) = ANSWERS;
    let entries = repo.lockfile.entries.iter().filter(|entry| entry.name() == package);
    let versions = entries.map(|entry| entry.registry_version());
    versions.into_iter().any(|version| release(version).is_some_and(|version| version >= first))
}

/// The numbers of a version, without what follows them.
fn release(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.splitn(3, '.').map(|part| {
        let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().ok()
    });
    Some([parts.next()??, parts.next()??, parts.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_answer() {
        for (version, answers) in
            [("0.4.1", false), ("0.4.2", true), ("0.4.2-next.0", true), ("0.12.0", true), ("1.0.0", true), ("x", false)]
        {
            assert_eq!(release(version).is_some_and(|version| version >= ANSWERS.1), answers, "{version}");
        }
    }
}
