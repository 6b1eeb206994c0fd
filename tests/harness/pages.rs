//! The pages under `docs`, whose commands are run as they stand.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::workspace;

/// Every page.
pub fn all() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace().join("docs")).unwrap();
    let mut pages: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

/// What a page has somebody type, one block after the other.
pub fn commands(page: &Path) -> String {
    let text = std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.collect()
}

/// Runs commands in one shell, which stops at the first that fails. `preamble` says what a name means here.
pub fn run_in(folder: &Path, preamble: &str, commands: &str, environment: &[(String, String)]) -> Output {
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(format!("{preamble}\nset -euxo pipefail\n{commands}")).current_dir(folder);
    // What the cargo that runs this test says to it is not for what the shell starts.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        shell.env_remove(name);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        shell.env(format!("GIT_{role}_NAME"), "test").env(format!("GIT_{role}_EMAIL"), "test@example.com");
    }
    shell.envs(environment.iter().map(|(name, value)| (name, value)));
    shell.output().unwrap()
}

/// Both streams, of a shell that must have succeeded.
pub fn expect_success(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{:?}\n{text}", output.status);
    text
}
