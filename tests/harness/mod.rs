//! What the end-to-end tests share: running the tool, reading its messages, asking Docker.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test target uses its part")]

pub mod canaries;
pub mod embedded;
pub mod host;
pub mod layers;
pub mod pages;
pub mod registry;
#[path = "../common/skip.rs"]
#[allow(clippy::duplicate_mod, reason = "a target that also has `common` has it twice")]
pub(crate) mod skip;
pub mod workflows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The workspace's root.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The version of a package of the npm registry that these tests use: `tests/locks` holds it.
pub fn locked(package: &str) -> String {
    let file = workspace().join("tests/locks/tools/package-lock.json");
    let lock: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let version = &lock["packages"][format!("node_modules/{package}")]["version"];
    version.as_str().unwrap_or_else(|| panic!("{package} is not locked")).to_owned()
}

/// Copies the files of a folder, not what a build left there.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if ["node_modules", "dist", "dist-types", ".git"].iter().any(|skip| name == *skip) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder.
pub fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files_below(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// Puts a file back when a test is over.
pub struct Restore(PathBuf, Vec<u8>);

impl Restore {
    pub fn of(bench: &Bench, path: &str) -> Self {
        let file = bench.repo.join(path);
        let content = std::fs::read(&file).unwrap();
        Self(file, content)
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = std::fs::write(&self.0, &self.1);
    }
}

/// A repository, a state folder of its own, and the environment of its builds.
pub struct Bench {
    pub repo: PathBuf,
    pub state: PathBuf,
    pub tag: String,
    pub env: Vec<(String, String)>,
}

impl Bench {
    /// The tool on this repository.
    pub fn xtask(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backstage-xtask"));
        command.args(arguments).arg("--repo").arg(&self.repo).arg("--state-dir").arg(&self.state);
        command.envs(self.env.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// `build-image` with further flags, for machines.
    pub fn build_command(&self, flags: &[&str]) -> Command {
        let mut command = self.xtask(&["build-image", "--message-format", "json", "--tag", &self.tag]);
        command.args(flags);
        command
    }

    /// `build-image` to its end.
    pub fn build(&self, flags: &[&str]) -> Built {
        Built::from(self.build_command(flags).output().unwrap())
    }

    /// Starts `build-image` and leaves it running.
    pub fn start(&self) -> Child {
        self.build_command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Adds a line to a file of the repository.
    pub fn append(&self, path: &str, line: &str) {
        let file = self.repo.join(path);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, format!("{text}{line}\n")).unwrap();
    }

    /// Replaces text in a file of the repository.
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let file = self.repo.join(path);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{path} has no {from}");
        std::fs::write(file, text.replacen(from, to, 1)).unwrap();
    }

    /// Declares a package that the lockfile already holds, so that both can be edited by hand.
    pub fn add_dependency(&self) {
        self.replace(
            "packages/backend/package.json",
            "\"dependencies\": {",
            "\"dependencies\": {\n    \"is-number\": \"^7.0.0\",",
        );
        let lockfile = std::fs::read_to_string(self.repo.join("yarn.lock")).unwrap();
        assert!(lockfile.contains("is-number@npm:^7.0.0"), "the lockfile lacks is-number");
        let entry = "resolution: \"backend@workspace:packages/backend\"";
        let start = lockfile.find(entry).unwrap();
        let end = start + lockfile[start..].find("\n\n").unwrap();
        let (name, line) = ("    is-number:", "    is-number: \"npm:^7.0.0\"\n");
        // Yarn sorts the entry's lines by name.
        let section = &lockfile[start..end];
        let after =
            section.lines().find(|other| other.starts_with("    ") && *other > name && !other.starts_with("    \""));
        let position = start + section.find(after.unwrap()).unwrap();
        let text = format!("{}{line}{}", &lockfile[..position], &lockfile[position..]);
        std::fs::write(self.repo.join("yarn.lock"), text).unwrap();
    }

    /// The image's id, or an empty string.
    pub fn image_id(&self) -> String {
        docker(&["image", "inspect", "--format", "{{.Id}}", &self.tag]).0
    }

    /// Names of what a killed build might leave.
    pub fn leftovers(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.repo, &mut found);
        collect(&self.state, &mut found);
        found.retain(|path| path.contains("/.incoming-") || path.contains("/scratch-") || path.contains("/.writing-"));
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), found);
        }
    }
}

/// A finished `build-image`.
#[derive(Debug)]
pub struct Built {
    pub code: i32,
    pub messages: Vec<Value>,
    pub stderr: String,
}

impl From<Output> for Built {
    fn from(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).unwrap();
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self {
            code: output.status.code().unwrap_or(-1),
            messages: stdout.lines().map(parse).collect(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Built {
    /// Panics with everything said, unless it succeeded.
    pub fn expect_success(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{:#?}{}", self.stderr, self.messages.last(), renewal_hint(&self.stderr));
        self
    }

    /// The first message of this name.
    pub fn message(&self, event: &str) -> &Value {
        let found = self.messages.iter().find(|message| message["event"] == event);
        found.unwrap_or_else(|| panic!("no {event} among the messages; {}", self.stderr))
    }

    /// Names of the recipe's steps that did work, sorted.
    pub fn ran(&self) -> Vec<String> {
        let steps = self.message("finished")["steps"].as_array().unwrap().clone();
        let states: BTreeMap<_, _> =
            steps.iter().map(|step| (step["step"].as_str().unwrap(), &step["state"])).collect();
        states.into_iter().filter(|(_, state)| **state == "ran").map(|(name, _)| name.to_owned()).collect()
    }

    /// Seconds in all.
    pub fn seconds(&self) -> f64 {
        self.message("finished")["seconds"].as_f64().unwrap()
    }

    /// The image's layers, from the base up.
    pub fn layers(&self) -> Vec<String> {
        let layers = self.message("finished")["image"]["layers"].as_array().unwrap();
        layers.iter().map(|layer| layer.as_str().unwrap().to_owned()).collect()
    }
}

/// What to do if Yarn said that the registry lacks a version (YN0035, whose line names it).
fn renewal_hint(output: &str) -> &'static str {
    if output.contains("YN0035") {
        "\nhint: renew the lockfiles with tests/support/renew-locks.sh and commit them"
    } else {
        ""
    }
}

/// Asks docker; standard output without the end of its line, and whether it succeeded.
pub fn docker(arguments: &[&str]) -> (String, bool) {
    let output = Command::new("docker").args(arguments).stdin(Stdio::null()).output().unwrap();
    (String::from_utf8_lossy(&output.stdout).trim_end().to_owned(), output.status.success())
}

/// Runs a program to its end; it must succeed.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}
