//! Copies of fixtures in folders of their own, and the program run on them in an environment of ours.
#![allow(dead_code, reason = "each test target uses its share")]

pub(crate) mod dockerignore;
pub(crate) mod npm;
pub(crate) mod skip;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The folder `tests`.
pub(crate) fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests")
}

/// A folder of `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    tests_folder().join("fixtures").join(name)
}

/// A repository in a folder of its own, with an empty PATH and home beside it.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// One whose repository is an empty folder.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["repo", "home", "bin"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// One whose repository is a copy of a fixture.
    pub(crate) fn of(name: &str) -> Self {
        let sandbox = Self::empty();
        copy_tree(&fixture(name), &sandbox.repo());
        // The archives of whoever built the fixture.
        let _ = std::fs::remove_dir_all(sandbox.path("packages/backend/dist"));
        sandbox
    }

    /// The folder around the repository, without links in its path.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// The repository.
    pub(crate) fn repo(&self) -> PathBuf {
        self.root().join("repo")
    }

    /// The only folder on the PATH.
    pub(crate) fn bin(&self) -> PathBuf {
        self.root().join("bin")
    }

    /// A path in the repository.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.repo().join(path)
    }

    /// The text of a file in the repository.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file in the repository, and the folders above it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Replaces a text that must be in the file.
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// The program in the repository's root.
    pub(crate) fn command(&self, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backstage-xtask"));
        command.args(arguments).current_dir(self.repo()).env_clear();
        command.env("PATH", self.bin()).env("HOME", self.root().join("home"));
        command
    }

    /// Runs the program in the repository's root.
    pub(crate) fn run(&self, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the program, which must succeed, and gives its standard output.
    pub(crate) fn succeed(&self, arguments: &[impl AsRef<std::ffi::OsStr>]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", transcript(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The plan as JSON.
    pub(crate) fn plan(&self) -> Value {
        serde_json::from_str(&self.succeed(&["build-image", "--plan"])).unwrap()
    }
}

/// Exit code and both streams.
pub(crate) fn transcript(output: &Output) -> String {
    let mut text = match output.status.code() {
        Some(code) => format!("exit {code}\n"),
        None => "killed by a signal\n".to_owned(),
    };
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let stream = String::from_utf8_lossy(bytes);
        if !stream.is_empty() {
            let _ = writeln!(text, "--- {name}\n{}", stream.trim_end_matches('\n'));
        }
    }
    text
}

/// Copies a folder, its files' modes included.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder, relative to it.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                pending.push(entry.path());
            } else {
                files.push(entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Compares a text with a committed file; with `UPDATE_EXPECT=1` in the environment it writes the file.
pub(crate) fn expect_file(path: &Path, found: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == found,
        "{} is not what was found; with UPDATE_EXPECT=1 it is rewritten\n{}",
        path.display(),
        difference(&expected, found)
    );
}

/// The first line in which two texts differ, and what is around it.
fn difference(expected: &str, found: &str) -> String {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let at = expected.iter().zip(&found).take_while(|(a, b)| a == b).count();
    let excerpt =
        |lines: &[&str]| lines.iter().skip(at.saturating_sub(2)).take(12).copied().collect::<Vec<_>>().join("\n");
    format!("from line {}\n--- expected\n{}\n--- found\n{}\n", at + 1, excerpt(&expected), excerpt(&found))
}
