//! The SARIF log against the schema of the standard, which a package of the npm registry carries.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::common::Sandbox;
use crate::common::npm::{Package, fetch};
use crate::validator::complaints;

/// It has the schema at [`SCHEMA`].
const STANDARD: Package = (
    "@microsoft/jest-sarif",
    "1.0.0-beta.0",
    "sha512-A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A==",
);
const SCHEMA: &str = "lib/schemas/sarif-2.1.0-rtm.5.json";

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
    assert_eq!(complaints(&[fetch(STANDARD).join(SCHEMA)], &logs), [[""; 0]; 2]);
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
    for ((place, _), complaints) in changes.iter().zip(complaints(&[fetch(STANDARD).join(SCHEMA)], &changed)) {
        assert!(!complaints.is_empty(), "{place}");
    }
}
