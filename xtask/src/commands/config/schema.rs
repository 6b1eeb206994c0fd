//! What Backstage itself says of the configuration: `config:check --strict`, run where its packages are installed.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use builder::state::{TREES, repository_folder, shared_folder};
use diagnostics::printable;
use monorepo::{DeployedConfig, Monorepo};
use sandbox::{self, ConfigCheck, Sandbox, Verdict};
use serde::Serialize;

use crate::flags::RepositoryFlags;

/// What came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub(super) enum Schema {
    /// It does not run there.
    NotRun { reason: String },
    /// The CLI complained, or did not.
    Checked { modules: String, placeholders: Vec<String>, complaints: Vec<String> },
}

impl Schema {
    /// Nobody looked.
    pub(super) fn not_run(reason: &str) -> Self {
        Self::NotRun { reason: reason.to_owned() }
    }

    /// Whether there is something to fix.
    pub(super) fn complaints(&self) -> &[String] {
        match self {
            Self::NotRun { .. } => &[],
            Self::Checked { complaints, .. } => complaints,
        }
    }

    /// Lines for people.
    pub(super) fn table(&self) -> String {
        let mut text = "config:check --strict\n".to_owned();
        match self {
            Self::NotRun { reason } => {
                let _ = writeln!(text, "  not run: {reason}");
            }
            Self::Checked { modules, placeholders, complaints } => {
                let _ = writeln!(text, "  {}, with the packages in {modules}", found(complaints.len()));
                if !placeholders.is_empty() {
                    let _ = writeln!(text, "  the text x in place of {}", placeholders.join(", "));
                }
                complaints.iter().for_each(|complaint| {
                    let _ = writeln!(text, "  - {}", printable(complaint));
                });
            }
        }
        text
    }
}

fn found(complaints: usize) -> String {
    match complaints {
        0 => "no complaint".to_owned(),
        1 => "1 complaint".to_owned(),
        many => format!("{many} complaints"),
    }
}

/// Runs the check, or says why it cannot be run.
pub(super) fn check(repo: &Monorepo, config: &DeployedConfig, flags: &RepositoryFlags) -> Schema {
    try_check(repo, config, flags).unwrap_or_else(|reason| Schema::NotRun { reason })
}

fn try_check(repo: &Monorepo, config: &DeployedConfig, flags: &RepositoryFlags) -> Result<Schema, String> {
    let words = |error: anyhow::Error| error.to_string();
    let shared = shared_folder(flags.state_dir.as_deref()).map_err(words)?;
    let state = repository_folder(&shared, &repo.root);
    let installed = sandbox::installed_tree(&state.join(TREES));
    let modules = [repo.root.as_path(), &installed].into_iter().find(|folder| ConfigCheck::is_installed(folder));
    let modules = modules.ok_or(
        "no installed packages with @backstage/cli; run `yarn install`, or build with `cargo xtask build-image --engine embedded`",
    )?;
    let (root, node) = node(&shared).ok_or("no Node on the PATH, and none in the state folder")?;
    let sandbox = sandbox::find_sandbox().map_err(|error| error.to_string())?;
    let (variables, placeholders) = variables(config);
    let check = ConfigCheck { repo, modules, root, node, variables };
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let verdict = check.run(&sandbox as &dyn Sandbox, scratch.path()).map_err(|error| error.to_string())?;
    let complaints = match verdict {
        Verdict::Fits => Vec::new(),
        Verdict::Complaints(lines) => lines.iter().map(|line| placed(repo, line, &check.variables)).collect(),
    };
    Ok(Schema::Checked { modules: modules.display().to_string(), placeholders, complaints })
}

/// A root file system with Node, and its path there: a builder's, else this machine's own, which is read-only
/// and has no network either.
fn node(shared: &Path) -> Option<(PathBuf, String)> {
    const NODE: &str = "usr/local/bin/node";
    let roots = std::fs::read_dir(shared.join("roots")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut builders: Vec<PathBuf> = roots.filter(|root| root.join(NODE).is_file()).collect();
    builders.sort();
    let own = || Some((PathBuf::from("/"), which::which("node").ok()?.canonicalize().ok()?.display().to_string()));
    builders.into_iter().next().map(|root| (root, format!("/{NODE}"))).or_else(own)
}

/// The variables that are set here, and the names of the others.
fn variables(config: &DeployedConfig) -> (Vec<(String, OsString)>, Vec<String>) {
    let (mut set, mut others) = (Vec::new(), Vec::new());
    for (name, variable) in &config.variables {
        match std::env::var_os(name) {
            Some(value) => set.push((name.clone(), value)),
            None if variable.has_fallback => {}
            None => others.push(name.clone()),
        }
    }
    (set, others)
}

/// A complaint with the last file that has its place, and without values of variables.
fn placed(repo: &Monorepo, line: &str, variables: &[(String, OsString)]) -> String {
    let mut line = line.to_owned();
    for (name, value) in variables.iter().filter(|(_, value)| value.len() > 3) {
        line = line.replace(&*value.to_string_lossy(), &format!("${{{name}}}"));
    }
    let pointer = line.rsplit_once(" at /").map_or(String::new(), |(_, pointer)| format!("/{pointer}"));
    let key = line.split("additionalProperty=").nth(1).and_then(|rest| rest.split([' ', ',']).next());
    let pointer = key.map_or(pointer.clone(), |key| format!("{}/{key}", pointer.trim_end_matches('/')));
    match repo.configs.deployed_texts.iter().rev().find(|(name, text)| monorepo::has_config_value(name, text, &pointer))
    {
        Some((name, _)) => format!("{name}: {line}"),
        None => line,
    }
}
