//! What following each page must show.

use std::process::Command;

use crate::harness::registry::Registry;
use crate::harness::{docker, embedded, run};
use crate::proxy::{CREDENTIALS, Proxy};
use crate::{demo, follow};

/// What of the demo's base is locked stays.
fn keeping_the_lock(commands: &str) -> String {
    commands.replace("cargo xtask base-image --update", "cargo xtask base-image --help")
}

pub(crate) fn add_to_the_image(page: &str) {
    follow(page, |commands| keeping_the_lock(&commands));
}

pub(crate) fn behind_a_corporate_proxy(page: &str) {
    let gateway = docker(&["network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", "bridge"]).0;
    let proxy = Proxy::start(gateway.trim().parse().unwrap());
    let address = format!("{CREDENTIALS}@{}", proxy.address);
    let text = follow(page, |commands| keeping_the_lock(&commands.replace("proxy.example.com:3128", &address)));
    assert!(proxy.led() >= 2, "the registry and the mirror\n{text}");
    let said = text.lines().filter(|line| !line.starts_with('+')).collect::<Vec<_>>().join("\n");
    assert!(!said.contains("canary-proxy-password"), "{said}");
    let history = docker(&["history", "--no-trunc", "my-backstage"]).0;
    assert!(history.lines().count() > 5 && !history.contains("canary-"), "{history}");
    assert_eq!(embedded::grep(&["canary-proxy-password"], &[demo().own_state()]), Vec::<String>::new());
    docker(&["image", "rm", "my-backstage"]);
}

pub(crate) fn build_in_ci(page: &str) {
    let text = follow(page, |commands| commands);
    assert!(text.contains("| size |"), "{text}");
}

pub(crate) fn check_a_deployment(page: &str) {
    let text = follow(page, |commands| commands);
    assert!(text.contains("backend.database"), "{text}");
}

pub(crate) fn gitlab_without_docker(page: &str) {
    let text = follow(page, |commands| commands);
    assert!(text.contains("\n  ready "), "{text}");
}

pub(crate) fn how_the_image_is_laid_out(page: &str) {
    follow(page, |commands| commands);
}

pub(crate) fn private_registry(page: &str) {
    follow(page, |commands| commands);
    assert_eq!(embedded::grep(&["npm-example-token"], &[demo().own_state()]), Vec::<String>::new());
}

pub(crate) fn publish_an_image(page: &str) {
    let registry = Registry::start();
    let host = registry.reference("").trim_end_matches('/').to_owned();
    let text = follow(page, |commands| keeping_the_lock(&commands.replace("registry.example.com", &host)));
    assert!(text.contains(&format!("{}@sha256:", registry.reference("my-backstage"))), "{text}");
}

pub(crate) fn upgrade_a_vendored_copy(page: &str) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("my-backstage");
    run(Command::new("git").args(["clone", "--quiet"]).arg(&demo().repo).arg(&copy));
    let place = copy.display().to_string();
    run(&mut demo().xtask(&["vendor", &place]));
    let record = || std::fs::read_to_string(copy.join("tools/backstage-xtask/vendored.json")).unwrap();
    let before = record();
    follow(page, |commands| commands.replace("../my-backstage", &place));
    assert_eq!(record(), before);
}

pub(crate) fn verify_an_image(page: &str) {
    let text = follow(page, |commands| commands);
    assert!(text.contains("\n  ready "), "{text}");
}

/// It ends with an empty state, which the test after it fills again.
pub(crate) fn why_did_it_rebuild(page: &str) {
    let text = follow(page, |commands| commands);
    assert!(text.contains("packages/backend/src/index.ts"), "{text}");
}
