//! The workflows that `ci init` writes, their shell lines run in order. The services around them are not here: what
//! downloads, keeps and comments is left out, the registry is one of this machine.

use deployment::CiService;
use serde_json::Value;

use crate::harness::registry::Registry;
use crate::harness::{pages, workflows};
use crate::{demo, restore, tool};

/// What a hosted machine has and this one need not: nothing is installed, nobody is told.
const NAMES: &str = r#"
sudo() { [[ $1 == sysctl ]] || "$@"; }
skopeo() { [[ $1 == login ]]; cat > "$TMPDIR/password"; [[ $(< "$TMPDIR/password") == secret-of-a-registry ]]; }
gh() { [[ $* == "pr comment 7 --edit-last --create-if-none --body-file comparison.md" && -s comparison.md ]]; }
aws() { [[ $* == "ecr get-login-password" ]]; printf secret-of-a-registry; }
"#;

/// Runs what `lines` finds in a workflow, and gives all that was printed.
fn run(service: CiService, lines: fn(&Value) -> Vec<String>, registry: &Registry, more: &[(&str, String)]) -> String {
    let bench = demo();
    crate::run(&mut bench.xtask(&["render"]));
    crate::run(&mut bench.xtask(&["ci", "init", &format!("{service:?}").to_lowercase()]));
    let text = std::fs::read_to_string(bench.repo.join(service.path())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut environment = tool();
    environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    environment.push(("TMPDIR".to_owned(), folder.path().display().to_string()));
    environment.push(("HOME".to_owned(), folder.path().display().to_string()));
    let run = |commands: &String| {
        let commands = commands.replace("ghcr.io", &registry.reference("")[..registry.reference("").len() - 1]);
        pages::expect_success(&pages::run_in(&bench.repo, &format!("{}{NAMES}", crate::NAMES), &commands, &environment))
    };
    let said = lines(&workflows::parsed(&text)).iter().map(run).collect();
    let compared = std::fs::read_to_string(bench.repo.join("comparison.md")).unwrap();
    assert!(compared.contains("Nothing to compare with yet."), "{compared}");
    restore();
    said
}

#[test]
fn the_workflow_of_github_runs() {
    let registry = Registry::start();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let said = run(
        CiService::GitHub,
        workflows::of_github,
        &registry,
        &[
            ("GITHUB_OUTPUT", file("output")),
            ("GITHUB_STEP_SUMMARY", file("summary")),
            ("GITHUB_REPOSITORY", "Acme/Portal".to_owned()),
            ("GITHUB_SHA", "0123abc".to_owned()),
            ("GITHUB_ACTOR", "somebody".to_owned()),
            ("GH_TOKEN", "secret-of-a-registry".to_owned()),
            ("NUMBER", "7".to_owned()),
        ],
    );
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (output, summary) = (read("output"), read("summary"));
    let key = output.lines().next().unwrap().strip_prefix("key=").unwrap();
    assert_eq!(key.len(), 16, "{output}");
    for name in ["image<<", "digest<<", "changed<<"] {
        assert!(output.contains(name), "{output}");
    }
    assert!(summary.contains("| `install` | ") && summary.contains("| size |"), "{summary}");
    let pushed = format!("pushed `{}@sha256:", registry.reference("acme/portal"));
    assert!(summary.contains(&pushed), "{pushed}\n{summary}");
    assert!(!said.lines().any(|line| !line.starts_with('+') && line.contains("secret-of-a-registry")), "{said}");
}

#[test]
fn the_workflow_of_gitlab_runs() {
    let registry = Registry::start();
    let address = registry.reference("portal");
    let environment = [
        ("CI_API_V4_URL", "http://127.0.0.1:9".to_owned()),
        ("CI_PROJECT_ID", "1".to_owned()),
        ("CI_JOB_TOKEN", "secret-of-a-job".to_owned()),
        ("CI_DEFAULT_BRANCH", "main".to_owned()),
        ("CI_COMMIT_BRANCH", "main".to_owned()),
        ("CI_COMMIT_SHA", "0123abc".to_owned()),
        ("CI_REGISTRY", registry.reference("")),
        ("CI_REGISTRY_IMAGE", address.clone()),
        ("CI_REGISTRY_USER", "somebody".to_owned()),
        ("CI_REGISTRY_PASSWORD", "secret-of-a-registry".to_owned()),
    ];
    let said = run(CiService::GitLab, workflows::of_gitlab, &registry, &environment);
    assert!(said.contains(&format!("{address}@sha256:")), "{said}");
}

#[test]
fn the_workflow_of_codebuild_runs() {
    let registry = Registry::start();
    let address = registry.reference("portal");
    let environment =
        [("IMAGE_REPOSITORY", address.clone()), ("CODEBUILD_RESOLVED_SOURCE_VERSION", "0123abc".to_owned())];
    let said = run(CiService::CodeBuild, workflows::of_codebuild, &registry, &environment);
    assert!(said.contains(&format!("{address}@sha256:")), "{said}");
}
