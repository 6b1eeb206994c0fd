//! `ci init`: where a workflow goes, and that nobody's own is replaced.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use common::{Sandbox, transcript};

const GITHUB: &str = ".github/workflows/backstage-image.yml";

#[test]
fn each_service_finds_its_workflow() {
    let sandbox = Sandbox::of("minimal");
    for (service, path) in [("github", GITHUB), ("gitlab", ".gitlab-ci.yml"), ("codebuild", "buildspec.yml")] {
        assert_eq!(sandbox.succeed(&["ci", "init", service]), format!("{path}\n"));
        assert!(sandbox.read(path).starts_with(&format!("# Made by `cargo xtask ci init {service}`")));
        sandbox.succeed(&["ci", "init", service, "--check"]);
    }
}

#[test]
fn what_the_workflow_needs_is_said() {
    let sandbox = Sandbox::of("minimal");
    let text = transcript(&sandbox.run(&["ci", "init", "github"]));
    assert!(text.contains("cargo xtask vendor DIR") && text.contains("write them with `cargo xtask render`"), "{text}");
    let again = transcript(&sandbox.run(&["ci", "init", "github"]));
    assert!(!again.contains("warning"), "it is committed by now\n{again}");
}

#[test]
fn a_branch_is_a_text_whatever_it_is_called() {
    let sandbox = Sandbox::of("minimal");
    sandbox.write("xtask.toml", "[flightcontrol]\nbranch = \"a\\\"], x: [\\\"b\"\n");
    sandbox.succeed(&["ci", "init", "github"]);
    assert!(sandbox.read(GITHUB).contains("branches: [\"a\\\"], x: [\\\"b\"]\n"));
}

#[test]
fn an_edited_workflow_stays() {
    let sandbox = Sandbox::of("minimal");
    sandbox.succeed(&["ci", "init", "github"]);
    sandbox.replace(GITHUB, "ubuntu-24.04", "our-runner");
    let text = transcript(&sandbox.run(&["ci", "init", "github"]));
    assert!(text.starts_with("exit 1\n") && text.contains("-    runs-on: our-runner"), "{text}");
    assert!(text.contains("keep it, and write another by `--file FILE`"), "{text}");
    assert!(sandbox.read(GITHUB).contains("our-runner"));
    assert!(transcript(&sandbox.run(&["ci", "init", "github", "--check"])).starts_with("exit 1\n"));
    sandbox.succeed(&["ci", "init", "github", "--force"]);
    assert!(!sandbox.read(GITHUB).contains("our-runner"));

    sandbox.write(".gitlab-ci.yml", "stages: [mine]\n");
    assert!(transcript(&sandbox.run(&["ci", "init", "gitlab"])).contains("-stages: [mine]"));
    sandbox.succeed(&["ci", "init", "gitlab", "--file", ".gitlab/backstage-image.yml"]);
    assert!(sandbox.read(".gitlab/backstage-image.yml").contains("backstage-image:"));
}

#[test]
fn a_key_is_the_same_until_dependencies_change() {
    let sandbox = Sandbox::of("minimal");
    let key = sandbox.succeed(&["ci", "key"]);
    assert_eq!(key.trim().len(), 16);
    sandbox.write("packages/backend/src/index.ts", "export {};\n");
    assert_eq!(sandbox.succeed(&["ci", "key"]), key);
    sandbox.write(".yarnrc.yml", "nodeLinker: node-modules\nenableTelemetry: false\n");
    assert_ne!(sandbox.succeed(&["ci", "key"]), key);
}

#[test]
fn a_result_that_is_none_is_named() {
    let sandbox = Sandbox::of("minimal");
    sandbox.write("after.json", "{}");
    let text = transcript(&sandbox.run(&["ci", "compare", "before.json", "after.json"]));
    assert!(text.starts_with("exit 1\n") && text.contains("after.json: found missing field `image`"), "{text}");
    assert!(text.contains("make it with `cargo xtask build-image --result FILE`"), "{text}");
}
