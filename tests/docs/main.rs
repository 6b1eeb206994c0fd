//! Every command of the pages under `docs`, as it stands there, on the demo. What leads out of this machine leads to
//! something here: `proxy.example.com` is a proxy that wants a password, the tool is the one under test.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

#[path = "../harness/mod.rs"]
mod harness;

mod links;
mod pages;
mod proxy;
mod reference;
mod workflows;

use std::process::Command;
use std::sync::OnceLock;

use harness::{Bench, embedded, pages as documents, run};

/// What the names in the pages are here. Packages are only looked for.
const NAMES: &str = r#"
cargo() { [[ $1 == xtask ]]; shift; "$XTASK" "$@"; }
apt-get() { [[ $1 == update ]] || command apt-get --simulate --quiet=2 "$@"; }
"#;

/// A test for each page, and the list of them.
macro_rules! pages {
    ($($test:ident: $page:literal,)*) => {
        const FOLLOWED: &[&str] = &[$($page),*];

        $(
            #[test]
            fn $test() {
                pages::$test($page);
            }
        )*
    };
}

pages! {
    add_to_the_image: "how-to/add-to-the-image.md",
    behind_a_corporate_proxy: "how-to/behind-a-corporate-proxy.md",
    build_in_ci: "how-to/build-in-ci.md",
    check_a_deployment: "how-to/check-a-deployment.md",
    gitlab_without_docker: "how-to/gitlab-without-docker.md",
    private_registry: "how-to/private-registry.md",
    publish_an_image: "how-to/publish-an-image.md",
    upgrade_a_vendored_copy: "how-to/upgrade-a-vendored-copy.md",
    verify_an_image: "how-to/verify-an-image.md",
    how_the_image_is_laid_out: "explanation/how-the-image-is-laid-out.md",
    why_did_it_rebuild: "explanation/why-did-it-rebuild.md",
}

/// Followed by the suite `create_app`, on an app of create-app.
const ELSEWHERE: &str = "tutorial/from-create-app-to-flightcontrol.md";

fn demo() -> &'static Bench {
    static DEMO: OnceLock<Bench> = OnceLock::new();
    DEMO.get_or_init(embedded::demo)
}

/// Runs a page's commands in the demo, once `edit` has made the names in them those of this machine.
fn follow(page: &str, edit: impl Fn(String) -> String) -> String {
    let commands = edit(documents::commands(page));
    let output = documents::run_in(&demo().repo, NAMES, &commands, &tool());
    restore();
    documents::expect_success(&output)
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
fn tutorials_and_guides_have_commands_and_every_command_has_a_test() {
    let mut expected: Vec<_> = FOLLOWED.iter().copied().chain([ELSEWHERE]).map(str::to_owned).collect();
    expected.sort();
    let mut found = Vec::new();
    for page in documents::all() {
        let commands = documents::commands(&page);
        let is_guide = page.starts_with("tutorial/") || page.starts_with("how-to/");
        assert!(!is_guide || commands.contains("cargo xtask "), "{page}");
        found.extend((!commands.is_empty()).then_some(page));
    }
    assert_eq!(found, expected);
}
