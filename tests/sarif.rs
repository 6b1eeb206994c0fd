//! The SARIF log against the schema of the standard, which a package of the npm registry carries.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

mod common;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::{Sandbox, tests_folder};
use engine::root::Roots;
use engine::{Event, Interrupt, Reporter};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// A package by name, version and integrity.
type Package = (&'static str, &'static str, &'static str);

/// It has the schema at [`SCHEMA`].
const STANDARD: Package = (
    "@microsoft/jest-sarif",
    "1.0.0-beta.0",
    "sha512-A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A==",
);
const SCHEMA: &str = "lib/schemas/sarif-2.1.0-rtm.5.json";
/// It compares documents with schemas.
const AJV: Package = (
    "ajv",
    "6.12.6",
    "sha512-j3fVLgvTo527anyYyJOGTYJbG+vnnQYvE0m5mmkc1TK+nxAppkCLMIL0aZ4dblVCNoGShhm+kzE4ZUykBoMg4g==",
);

struct Silent;

impl Reporter for Silent {
    fn report(&self, _: &Event) {}
}

fn fetch((name, version, integrity): Package) -> PathBuf {
    let folder = std::env::temp_dir().join("backstage-xtask-test-sarif");
    let interrupt = Interrupt::default();
    let roots = Roots { shared: &folder, mirrors: &[], ca_file: None, interrupt: &interrupt, reporter: &Silent };
    roots.npm_package(name, version, Some(integrity)).unwrap_or_else(|error| panic!("{error}"))
}

/// What the schema has against each of the logs.
fn complaints(logs: &[Value]) -> Vec<Vec<String>> {
    let mut node = Command::new("node");
    node.arg(tests_folder().join("support/validate.js")).arg(fetch(AJV)).arg(fetch(STANDARD).join(SCHEMA));
    let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String = logs.iter().map(|log| format!("{log}\n")).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let complaints: Vec<_> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(complaints.len(), logs.len());
    complaints
}

/// The log of a repository whose archives are damaged in many ways, and one where a baseline accepts all of it.
fn logs() -> [Value; 2] {
    let sandbox = Sandbox::of("minimal");
    let dist = sandbox.path("packages/backend/dist");
    std::fs::create_dir_all(&dist).unwrap();
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for path in ["package.json", "packages/backend/package.json", "a b/%,ä\u{7}\u{202e}/.env", "x/node_modules/y"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        header.set_mode(0o4755);
        archive.append_data(&mut header, path, &b"{}"[..]).unwrap();
    }
    std::fs::write(dist.join("bundle.tar.gz"), archive.into_inner().unwrap().finish().unwrap()).unwrap();
    let log = |more: &[&str]| {
        let command = [&["verify-artifacts", "--message-format", "sarif"], more].concat();
        serde_json::from_slice(&sandbox.run(&command).stdout).unwrap()
    };
    [log(&["--write-baseline", "baseline.json"]), log(&["--baseline", "baseline.json"])]
}

#[test]
fn the_log_fits_the_schema() {
    let logs = logs();
    for log in &logs {
        assert!(log["runs"][0]["results"].as_array().unwrap().len() > 8, "{log:#}");
    }
    assert!(logs[1]["runs"][0]["results"].as_array().unwrap().iter().all(|result| !result["suppressions"].is_null()));
    assert_eq!(complaints(&logs), [[""; 0]; 2]);
}

#[test]
fn another_log_does_not() {
    let [good, _] = logs();
    let changes = [
        ("/version", json!("2.0.0")),
        ("/runs/0/results/0/level", json!("grave")),
        ("/runs/0/results/0/ruleIndex", json!("none")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
        ("/runs/0/tool/driver/rules/0/id", Value::Null),
    ];
    let changed = changes.clone().map(|(place, wrong)| {
        let mut log = good.clone();
        *log.pointer_mut(place).unwrap() = wrong;
        log
    });
    for ((place, _), complaints) in changes.iter().zip(complaints(&changed)) {
        assert!(!complaints.is_empty(), "{place}");
    }
}
