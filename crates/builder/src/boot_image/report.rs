//! What a boot says at its end.

use std::path::Path;

use boot::{self, Addons, Answers, Blame, Catalog, diagnose, local_base_urls};
use diagnostics::{CheckFailed, megabytes};
use process::EngineError;
use serde_json::{Value, json};

use crate::console::Console;

/// An image that ran.
pub struct Booted {
    /// Seconds until it was ready.
    pub(crate) ready: f64,
    /// Seconds until it had ended.
    pub(crate) stop: f64,
    /// Seconds in all.
    pub(crate) seconds: f64,
    pub(crate) answers: Answers,
    pub(crate) catalog: Catalog,
    pub(crate) addons: Addons,
    /// Most bytes of memory.
    pub(crate) peak_memory: u64,
    pub(crate) memory_limit: u64,
    pub(crate) memory_limited_by: &'static str,
    /// Variables that its configuration refers to and that were not set.
    pub(crate) unset: Vec<String>,
}

impl Booted {
    /// Prints it for people and for machines.
    pub fn print(&self, name: &str, console: &dyn Console) {
        if !self.unset.is_empty() {
            console.warning(&format!(
                "not set, so undefined in the configuration: {}\n  hint: set them with `--env NAME=VALUE` or `--env-file FILE`, as \
                 your deployment does",
                self.unset.join(", ")
            ));
        }
        for url in local_base_urls(&self.answers.configuration) {
            console.warning(&format!(
                "{url}: a browser elsewhere cannot reach it\n  hint: set it in the production configuration, or by a variable there"
            ));
        }
        console.block(&self.table());
        console.message("booted", self.message(name));
    }

    fn table(&self) -> String {
        let limit = match self.memory_limited_by {
            "watch" => ", watched: a sandbox has no limit of its own",
            _ => "",
        };
        let catalog = match &self.catalog {
            Catalog::Answers => "answers".to_owned(),
            Catalog::NotAsked { reason } => format!("not asked: {reason}"),
        };
        let skipped = match self.addons.skipped.len() {
            0 => String::new(),
            others => format!(", {others} not for this Node here"),
        };
        format!(
            "\nboot\n  ready    {:.1} s\n  memory   {} at most, of {}{limit}\n  page     answers, with its scripts ({}) and \
             styles ({})\n  catalog  {catalog}\n  addons   {} load{skipped}\n  stop     {:.1} s after SIGTERM\n  in all   \
             {:.1} s\n",
            self.ready,
            megabytes(self.peak_memory),
            megabytes(self.memory_limit),
            self.answers.scripts.len(),
            self.answers.styles.len(),
            self.addons.loaded.len(),
            self.stop,
            self.seconds
        )
    }

    fn message(&self, name: &str) -> Value {
        let skipped = match &self.catalog {
            Catalog::Answers => Value::Null,
            Catalog::NotAsked { reason } => json!(reason),
        };
        json!({
            "reference": name,
            "ready_seconds": self.ready,
            "stop_seconds": self.stop,
            "seconds": self.seconds,
            "peak_memory": self.peak_memory,
            "memory_limit": self.memory_limit,
            "memory_limited_by": self.memory_limited_by,
            "scripts": self.answers.scripts,
            "styles": self.answers.styles,
            "catalog": self.catalog == Catalog::Answers,
            "catalog_not_asked": skipped,
            "addons": { "loaded": self.addons.loaded, "skipped": self.addons.skipped },
            "unset": self.unset,
        })
    }
}

/// An image that does not run as it should.
pub(crate) struct Failure<'a> {
    pub(crate) name: &'a str,
    /// What comes of it, as a clause with its comma; or nothing.
    pub(crate) consequence: &'a str,
    pub(crate) found: &'a str,
    pub(crate) log: &'a Path,
}

impl Failure<'_> {
    /// The error, with the first real error of the log and what is known about it.
    pub(crate) fn into_error(self, has_own_database: bool) -> anyhow::Error {
        let diagnosis = diagnose(self.log);
        let mut lines = vec![format!("the image {} does not run{}: {}", self.name, self.consequence, self.found)];
        if let Some(diagnosis) = &diagnosis {
            lines.extend(diagnosis.cause.lines().map(|line| format!("  | {line}")));
        }
        let unset = boot::unset_variables(self.log);
        if !unset.is_empty() {
            lines.push(format!("  not set: {} (`--env NAME=VALUE`, `--env-file FILE`)", unset.join(", ")));
        }
        lines.push(format!("  full log: {}", self.log.display()));
        let hint = diagnosis.as_ref().and_then(|diagnosis| diagnosis.hint.clone());
        let hint = hint.unwrap_or_else(|| "the full log says more".to_owned());
        match diagnosis.map_or(Blame::Image, |diagnosis| diagnosis.blame) {
            Blame::Environment => {}
            Blame::Database if has_own_database => {}
            Blame::Database | Blame::Image => {
                return CheckFailed::new(lines.join("\n")).hint(hint).into();
            }
        }
        let mut lines = lines.into_iter();
        let what = lines.next().unwrap_or_default();
        let details = lines.map(|line| line.trim().to_owned()).collect();
        EngineError::Missing { what, details, hint }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(log: &str, has_own_database: bool) -> anyhow::Error {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), log).unwrap();
        let failure = Failure {
            name: "backstage:1",
            consequence: ", so it is not tagged",
            found: "it ended before it was ready",
            log: file.path(),
        };
        failure.into_error(has_own_database)
    }

    #[test]
    fn a_failure_names_the_cause_and_what_to_do() {
        let log = "boot: not set: BASE_URL TOKEN\nError: Cannot find module 'left-pad'\nRequire stack:\n\
            - /app/packages/backend/dist/index.cjs.js\n    at x\n";
        let error = failure(log, false);
        let text = error.to_string();
        let start = "the image backstage:1 does not run, so it is not tagged: it ended before it was ready\n  | Error: Cannot \
            find module 'left-pad'\n";
        assert!(text.starts_with(start), "{text}");
        assert!(
            text.contains("\n  not set: BASE_URL, TOKEN (") && text.contains("packages/backend/package.json"),
            "{text}"
        );
        assert!(error.is::<CheckFailed>());
    }

    #[test]
    fn the_users_own_database_is_the_environment() {
        let log = r#"{"level":"error","message":"password authentication failed for user \"me\""}"#;
        assert!(failure(log, true).is::<EngineError>());
        assert!(failure(log, false).is::<CheckFailed>());
    }
}
