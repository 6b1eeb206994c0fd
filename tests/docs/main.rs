//! Every command of the pages under `docs`, as it stands there, on the demo. What leads out of this machine leads to
//! something here: `proxy.example.com` is a proxy that wants a password, the tool is the one under test.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

#[path = "../harness/mod.rs"]
mod harness;

mod proxy;
mod workflows;

use std::process::Command;
use std::sync::OnceLock;

use harness::{Bench, docker, embedded, pages, run, workspace};
use proxy::{CREDENTIALS, Proxy};

/// What the names in the pages are here. Packages are only looked for.
const NAMES: &str = r#"
cargo() { [[ $1 == xtask ]]; shift; "$XTASK" "$@"; }
apt-get() { [[ $1 == update ]] || command apt-get --simulate --quiet=2 "$@"; }
"#;
/// Run by another suite, on an app of create-app.
const ELSEWHERE: &str = "from-create-app-to-flightcontrol.md";

fn demo() -> &'static Bench {
    static DEMO: OnceLock<Bench> = OnceLock::new();
    DEMO.get_or_init(embedded::demo)
}

/// Runs a page's commands in the demo, once `edit` has made the names in them those of this machine.
fn follow(page: &str, edit: impl Fn(String) -> String) -> String {
    let commands = edit(pages::commands(&workspace().join("docs").join(page)));
    let output = pages::run_in(&demo().repo, NAMES, &commands, &tool());
    restore();
    pages::expect_success(&output)
}

/// The environment of a shell that uses the tool.
fn tool() -> Vec<(String, String)> {
    let mut environment = demo().env.clone();
    environment.push(("XTASK".to_owned(), env!("CARGO_BIN_EXE_backstage-xtask").to_owned()));
    // Where the tool finds the state that is shared by itself.
    environment.push(("XDG_CACHE_HOME".to_owned(), embedded::folder().display().to_string()));
    environment
}

/// Takes away what was written into the demo.
fn restore() {
    for arguments in [["reset", "--quiet", "--hard"], ["clean", "--quiet", "-ffd"]] {
        run(Command::new("git").arg("-C").arg(&demo().repo).args(arguments));
    }
}

#[test]
fn every_page_is_followed() {
    let source = std::fs::read_to_string(workspace().join("tests/docs/main.rs")).unwrap();
    for page in pages::all() {
        let name = page.file_name().unwrap().to_str().unwrap();
        let is_followed = source.contains(&format!("follow(\"{name}\"")) || name == ELSEWHERE;
        assert!(is_followed, "{name}");
        assert!(pages::commands(&page).contains("cargo xtask "), "{name}");
    }
}

#[test]
fn a_behind_a_corporate_proxy() {
    let gateway = docker(&["network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", "bridge"]).0;
    let proxy = Proxy::start(gateway.trim().parse().unwrap());
    let address = format!("{CREDENTIALS}@{}", proxy.address);
    let text = follow("behind-a-corporate-proxy.md", |commands| {
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

#[test]
fn b_gitlab_without_docker() {
    let text = follow("gitlab-without-docker.md", |commands| commands);
    assert!(text.contains("\n  ready "), "{text}");
}

#[test]
fn c_how_the_image_is_laid_out() {
    follow("how-the-image-is-laid-out.md", |commands| commands);
}

#[test]
fn d_private_registry() {
    follow("private-registry.md", |commands| commands);
    assert_eq!(embedded::grep(&["npm-example-token"], &[demo().own_state()]), Vec::<String>::new());
}

/// The last one: it ends with an empty state.
#[test]
fn z_why_did_it_rebuild() {
    let text = follow("why-did-it-rebuild.md", |commands| commands);
    assert!(text.contains("packages/backend/src/index.ts"), "{text}");
}
