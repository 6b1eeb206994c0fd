//! What `doctor` says of this machine, and of one where nothing is there.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::demo;
use crate::harness::Built;

type Lines = BTreeMap<String, Value>;

fn doctor(environment: &[(&str, &str)]) -> (i32, Lines) {
    let mut command = demo().bench.xtask(&["doctor", "--message-format", "json"]);
    let built = Built::from(command.envs(environment.iter().copied()).output().unwrap());
    let lines = built.message("doctor")["lines"].as_array().unwrap().clone();
    let by_check = lines.into_iter().map(|line| (line["check"].as_str().unwrap().to_owned(), line));
    (built.code, by_check.collect())
}

fn state<'a>(lines: &'a Lines, check: &str) -> &'a str {
    lines[check]["state"].as_str().unwrap()
}

#[test]
fn a_machine_that_builds_is_well() {
    let (code, lines) = doctor(&[]);
    // A full disk or a wrong clock is this machine's, not a fault of what is tested.
    let has_failed = |check| state(&lines, check) == "failed";
    let full = has_failed("disk");
    assert_eq!(code, if full || has_failed("clock") { 3 } else { 0 }, "{lines:#?}");
    assert!(!full || lines["disk"]["found"].as_str().unwrap().contains("; a new app wants 8.0 GB"), "{lines:#?}");
    for check in ["repository", "sandbox", "npm registry", "Debian mirror"] {
        assert_eq!(state(&lines, check), "ok", "{lines:#?}");
    }
    let found = lines["repository"]["found"].as_str().unwrap();
    assert!(found.contains("Node 24 (engines.node") && found.contains("Yarn 4."), "{found}");
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("none.pem");
    let (path, ca) = (folder.path().to_str().unwrap(), ca.to_str().unwrap());
    let (code, lines) = doctor(&[("PATH", path), ("NODE_EXTRA_CA_CERTS", ca), ("SSL_CERT_FILE", "")]);
    assert_eq!(code, 3);
    for check in ["docker", "sandbox", "certificates", "npm registry", "Debian mirror"] {
        assert_eq!(state(&lines, check), "failed", "{lines:#?}");
    }
    assert_eq!(state(&lines, "git"), "warning");
    let wordless: Vec<_> = lines.values().filter(|line| line["state"] != "ok" && !line["next"].is_string()).collect();
    assert!(wordless.is_empty(), "{wordless:#?}");
    assert_eq!(lines["npm registry"]["found"].as_str().unwrap().rsplit(": ").next(), Some("curl is missing"));
}

#[test]
fn a_registry_out_of_reach_is_named_without_its_password() {
    let address = "http://user:aB3dE6gH9@127.0.0.1:9/npm";
    let (code, lines) = doctor(&[("npm_config_registry", address)]);
    assert_eq!((code, state(&lines, "npm registry")), (3, "failed"));
    let found = lines["npm registry"]["found"].as_str().unwrap();
    assert!(found.starts_with("http://127.0.0.1:9/npm/-/ping: ") && !found.contains("aB3dE6gH9"), "{found}");
}
