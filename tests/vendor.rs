//! A monorepo that gets this tool, and a newer version of it: nothing of the user's is lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use std::process::{Command, Output};

use common::{Sandbox, files_below, transcript};
use sha2::{Digest, Sha256};

const RECORD: &str = "tools/backstage-xtask/vendored.json";
const TEMPLATE: &str = "tools/backstage-xtask/assets/Dockerfile.flightcontrol";
const SOURCE: &str = "tools/backstage-xtask/xtask/src/main.rs";

fn vendor(sandbox: &Sandbox, flags: &[&str]) -> Output {
    let mut command = sandbox.command(&[&["vendor", "."], flags].concat());
    command.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap()
}

fn vendored() -> Sandbox {
    let sandbox = Sandbox::of("minimal");
    let output = vendor(&sandbox, &[]);
    assert!(output.status.success(), "{}", transcript(&output));
    sandbox
}

/// Makes a file of the copy what an older version had: as recorded then, and as somebody left it since.
fn age(sandbox: &Sandbox, path: &str, original: &str, now: &str) {
    let mut record: serde_json::Value = serde_json::from_str(&sandbox.read(RECORD)).unwrap();
    let mut hash = Sha256::new();
    hash.update(original);
    hash.update([0]);
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    record["files"][path] = digest.into();
    if let Some(template) = record["templates"].get_mut(path) {
        *template = original.into();
    }
    sandbox.write(RECORD, &record.to_string());
    sandbox.write(path, now);
}

/// Every file with its content.
fn state(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let files = files_below(&sandbox.repo()).into_iter();
    files.map(|path| (path.clone(), std::fs::read(sandbox.path(&path)).unwrap())).collect()
}

#[test]
fn files_are_added_and_none_is_changed_but_for_lines_of_ignore_files() {
    let sandbox = Sandbox::of("minimal");
    sandbox.write(".gitignore", "node_modules");
    sandbox.write(".prettierignore", "dist\n");
    let before = state(&sandbox);
    assert!(vendor(&sandbox, &[]).status.success());
    for (path, content) in before {
        let now = std::fs::read(sandbox.path(&path)).unwrap();
        assert!(now == content || now.starts_with(&content) && path.ends_with("ignore"), "{path}");
    }
    assert_eq!(sandbox.read(".gitignore"), "node_modules\n\n# tools/backstage-xtask\n/target/\n");
    assert!(sandbox.read(".prettierignore").ends_with("\n/target/\n/tools/backstage-xtask/\n"));
    assert!(!sandbox.path(".dockerignore").exists(), "there was none");
    assert!(sandbox.read(".cargo/config.toml").contains("[alias]\nxtask = "));
    assert!(sandbox.read("xtask.toml").contains("# packages = "));
}

#[test]
fn a_second_time_changes_nothing_and_one_that_was_killed_is_completed() {
    let sandbox = vendored();
    let complete = state(&sandbox);
    let output = vendor(&sandbox, &[]);
    assert!(transcript(&output).contains("has this version already"), "{}", transcript(&output));
    assert!(state(&sandbox) == complete);

    for path in [RECORD, SOURCE, "Cargo.lock", "xtask.toml"] {
        std::fs::remove_file(sandbox.path(path)).unwrap();
    }
    assert!(vendor(&sandbox, &[]).status.success());
    assert!(state(&sandbox) == complete);
}

#[test]
fn what_is_in_the_way_is_named_at_once_and_nothing_is_written() {
    let sandbox = Sandbox::of("minimal");
    sandbox.write("Cargo.toml", "[workspace]\n");
    sandbox.write(".cargo/config.toml", "[alias]\nxtask = \"run -p tasks\"\n");
    let before = state(&sandbox);
    let output = vendor(&sandbox, &[]);
    let text = transcript(&output);
    assert!(text.starts_with("exit 1\n"), "{text}");
    assert!(text.contains("Cargo.toml: found a file of your own, expected no Rust workspace"), "{text}");
    assert!(text.contains("cargo install --path xtask"), "{text}");
    assert!(
        text.contains(".cargo/config.toml: found the alias xtask = \"run -p tasks\", expected `xtask = "),
        "{text}"
    );
    assert!(state(&sandbox) == before);
}

#[test]
fn a_folder_without_a_monorepo_gets_nothing() {
    let sandbox = Sandbox::empty();
    let text = transcript(&vendor(&sandbox, &[]));
    assert!(text.starts_with("exit 1\n") && text.contains("expected a package.json with \"workspaces\""), "{text}");
    let text = transcript(&vendor(&Sandbox::of("minimal"), &["--upgrade"]));
    assert!(text.contains("vendored.json: found no such file, expected a vendored copy to upgrade"), "{text}");
}

#[test]
fn an_older_copy_is_upgraded_only_when_asked_for() {
    let sandbox = vendored();
    let complete = state(&sandbox);
    age(&sandbox, SOURCE, "fn main() {}\n", "fn main() {}\n");
    age(&sandbox, "tools/backstage-xtask/crates/old.rs", "// old\n", "// old\n");
    let text = transcript(&vendor(&sandbox, &[]));
    assert!(text.starts_with("exit 1\n") && text.contains("cargo xtask vendor --upgrade "), "{text}");
    assert_eq!(sandbox.read(SOURCE), "fn main() {}\n");
    assert!(vendor(&sandbox, &["--upgrade"]).status.success());
    assert!(state(&sandbox) == complete, "the old file is gone, the other is this version's");
}

#[test]
fn edits_of_templates_are_merged() {
    let sandbox = vendored();
    let new = sandbox.read(TEMPLATE);
    let original = new.replacen("WORKDIR", "# older\nWORKDIR", 1);
    assert_ne!(original, new);
    age(&sandbox, TEMPLATE, &original, &format!("{original}LABEL team=portal\n"));
    sandbox.replace("Cargo.toml", "members = [", "members = [\"our/crate\", ");
    let output = vendor(&sandbox, &["--upgrade", "--message-format", "json"]);
    let message: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(message["merged"], serde_json::json!([TEMPLATE]), "{message}");
    assert_eq!(sandbox.read(TEMPLATE), format!("{new}LABEL team=portal\n"));
    assert!(
        sandbox.read("Cargo.toml").contains("members = [\"our/crate\", \"tools/"),
        "this version did not change it"
    );
    sandbox.replace(SOURCE, "fn main", "// mine\nfn main");
    let text = transcript(&vendor(&sandbox, &["--upgrade"]));
    assert!(text.contains("has this version already"), "{text}");
    assert!(sandbox.read(SOURCE).contains("// mine"), "this version does not change it");
}

#[test]
fn conflicts_are_shown_and_nothing_is_lost() {
    let sandbox = vendored();
    let (new, source) = (sandbox.read(TEMPLATE), sandbox.read(SOURCE));
    let first = new.lines().next().unwrap();
    age(&sandbox, TEMPLATE, &new.replacen(first, "# older", 1), &new.replacen(first, "# mine", 1));
    age(&sandbox, SOURCE, "// older\n", &format!("{source}// mine\n"));
    let before = state(&sandbox);
    let text = transcript(&vendor(&sandbox, &["--upgrade"]));
    assert!(text.starts_with("exit 1\n") && text.contains("nothing is written:"), "{text}");
    assert!(text.contains(&format!("{SOURCE} was edited by hand\n")) && text.contains("-// mine"), "{text}");
    let shown = format!("<<<<<<< yours\n# mine\n=======\n{first}\n>>>>>>> new\n");
    assert!(text.contains("was edited where this version changes it") && text.contains(&shown), "{text}");
    assert!(state(&sandbox) == before);

    let output = vendor(&sandbox, &["--upgrade", "--force"]);
    assert!(output.status.success(), "{}", transcript(&output));
    assert_eq!((sandbox.read(TEMPLATE), sandbox.read(SOURCE)), (new.clone(), source));
    assert_eq!(sandbox.read(&format!("{TEMPLATE}.yours")), new.replacen(first, "# mine", 1));
}

#[test]
fn a_record_that_leads_elsewhere_removes_nothing() {
    let sandbox = vendored();
    age(&sandbox, "../victim", "", "mine\n");
    let text = transcript(&vendor(&sandbox, &["--upgrade"]));
    assert!(text.starts_with("exit 1\n") && text.contains("found the path \"../victim\""), "{text}");
    assert!(sandbox.path("../victim").exists());
    sandbox.write(RECORD, "{");
    let text = transcript(&vendor(&sandbox, &["--upgrade"]));
    assert!(text.contains("expected the list of vendored files"), "{text}");
}

#[test]
fn a_file_that_git_ignores_is_warned_about() {
    let sandbox = Sandbox::of("minimal");
    let git = Command::new("git").arg("init").arg("--quiet").arg(sandbox.repo()).status().unwrap();
    assert!(git.success());
    sandbox.write(".gitignore", "*.rs\n");
    let text = transcript(&vendor(&sandbox, &[]));
    assert!(
        text.starts_with("exit 0\n") && text.contains(&format!("{SOURCE} is ignored by git, and no clone")),
        "{text}"
    );
}
