//! What is said before a build of what a clone of the repository would be.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use std::process::Command;

use common::{Sandbox, transcript};
use serde_json::{Value, json};

/// The fixture, with all of it in git, and git the only program on the PATH, so that a build ends where it would begin.
fn committed() -> Sandbox {
    let sandbox = Sandbox::of("minimal");
    let path = std::env::var_os("PATH").unwrap();
    let git = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|program| program.is_file()).unwrap();
    std::os::unix::fs::symlink(git, sandbox.bin().join("git")).unwrap();
    git_in(&sandbox, &["init", "--quiet"]);
    git_in(&sandbox, &["add", "--all"]);
    sandbox
}

fn git_in(sandbox: &Sandbox, arguments: &[&str]) {
    assert!(Command::new("git").arg("-C").arg(sandbox.repo()).args(arguments).status().unwrap().success());
}

fn said(sandbox: &Sandbox, format: &str) -> String {
    let output = sandbox.run(&["build-image", "--allow", "localhost", "--message-format", format]);
    assert_eq!(output.status.code(), Some(3), "there is no engine\n{}", transcript(&output));
    transcript(&output)
}

/// The message `context`.
fn context(sandbox: &Sandbox) -> Value {
    let text = said(sandbox, "json");
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.into_iter().find(|message| message["event"] == "context").unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn a_clone_with_all_that_is_here_is_not_worth_a_word() {
    let sandbox = committed();
    sandbox.write("notes.txt", "read by no step");
    let context = context(&sandbox);
    for list in ["missing", "not_in_clone", "overlooked", "large", "secret"] {
        assert_eq!(context[list], json!([]), "{context}");
    }
    assert!(context["files"].as_u64() > Some(5) && context["bytes"].as_u64() > Some(1000), "{context}");
    assert!(!said(&sandbox, "human").contains("warning: "));
}

#[test]
fn a_file_that_is_not_committed_is_in_this_image_alone() {
    let sandbox = committed();
    sandbox.write("plugins/example/src/new.ts", "export {};\n");
    assert_eq!(context(&sandbox)["not_in_clone"], json!(["plugins/example/src/new.ts"]));
    let text = said(&sandbox, "human");
    let expected = "warning: this build reads what git does not know, so that no deployment will have it: \
        plugins/example/src/new.ts\n  hint: add it to git, or build what is committed with `--from-git`\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn an_edited_ignore_file_hides_what_a_deployment_reads() {
    let sandbox = committed();
    sandbox.succeed(&["render"]);
    let ignore_file = "packages/backend/Dockerfile.flightcontrol.dockerignore";
    let text = sandbox.read(ignore_file);
    sandbox.write(ignore_file, &format!("{text}app-config.yaml\nplugins\n"));
    git_in(&sandbox, &["add", "--all"]);
    let missing = context(&sandbox)["missing"].to_string();
    assert!(missing.contains("\"app-config.yaml\"") && missing.contains("\"plugins/"), "{missing}");
    let text = said(&sandbox, "human");
    assert!(
        text.contains(&format!("warning: {ignore_file} leaves out, of what a deployment's build reads, ")),
        "{text}"
    );
}

#[test]
fn what_was_added_by_force_is_seen_by_no_build() {
    let sandbox = committed();
    sandbox.write(".gitignore", "logs\n");
    sandbox.write("plugins/example/src/logs/a.ts", "export {};\n");
    sandbox.write("plugins/example/dist/index.cjs.js", "");
    git_in(&sandbox, &["add", "--force", "--all"]);
    assert_eq!(context(&sandbox)["overlooked"], json!(["plugins/example/src/logs/a.ts"]));
}

#[test]
fn large_files_and_secrets_that_would_go_along_are_named() {
    let sandbox = committed();
    std::fs::File::create(sandbox.path("video.mp4")).unwrap().set_len(20_000_001).unwrap();
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(3));
    sandbox.write("tls/server.key", &key);
    sandbox.write("tls/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    sandbox.write(".env", "TOKEN=x\n");
    git_in(&sandbox, &["add", "--all"]);
    let context = context(&sandbox);
    assert_eq!(context["large"], json!(["video.mp4"]));
    assert_eq!(context["secret"], json!(["tls/server.key (a private key in PEM form)"]), "no build gets .env");
    let text = said(&sandbox, "human");
    assert!(text.contains("video.mp4 (20.0 MB)") && !text.contains("MIIE"), "{text}");
}
