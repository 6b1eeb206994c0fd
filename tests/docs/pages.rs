//! What following each page must show.

use crate::harness::{docker, embedded};
use crate::proxy::{CREDENTIALS, Proxy};
use crate::{demo, follow};

pub(crate) fn behind_a_corporate_proxy(page: &str) {
    let gateway = docker(&["network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", "bridge"]).0;
    let proxy = Proxy::start(gateway.trim().parse().unwrap());
    let address = format!("{CREDENTIALS}@{}", proxy.address);
    let text = follow(page, |commands| {
        let commands = commands.replace("proxy.example.com:3128", &address);
        // What of the demo's base is locked stays.
        commands.replace("cargo xtask base-image --update", "cargo xtask base-image --help")
    });
    assert!(proxy.led() >= 2, "the registry and the mirror\n{text}");
    let said = text.lines().filter(|line| !line.starts_with('+')).collect::<Vec<_>>().join("\n");
    assert!(!said.contains("canary-proxy-password"), "{said}");
    let history = docker(&["history", "--no-trunc", "my-backstage"]).0;
    assert!(history.lines().count() > 5 && !history.contains("canary-"), "{history}");
    assert_eq!(embedded::grep(&["canary-proxy-password"], &[demo().own_state()]), Vec::<String>::new());
    docker(&["image", "rm", "my-backstage"]);
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

/// It ends with an empty state, which the test after it fills again.
pub(crate) fn why_did_it_rebuild(page: &str) {
    let text = follow(page, |commands| commands);
    assert!(text.contains("packages/backend/src/index.ts"), "{text}");
}
