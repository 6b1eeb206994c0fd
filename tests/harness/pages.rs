//! The pages under `docs`, whose commands are run as they stand.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{files_below, workspace};

/// Every page, by its path below `docs`, sorted.
pub fn all() -> Vec<String> {
    let mut files = Vec::new();
    files_below(&docs(), &mut files);
    let mut pages: Vec<_> =
        files.iter().map(|file| file.strip_prefix(docs()).unwrap().to_str().unwrap().to_owned()).collect();
    pages.sort();
    pages
}

/// The commands that a page has the reader type, one block after the other.
pub fn commands(page: &str) -> String {
    let text = std::fs::read_to_string(docs().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.collect()
}

fn docs() -> PathBuf {
    workspace().join("docs")
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
