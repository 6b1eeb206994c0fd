//! Every command of the pages under `docs`, as it stands there, on the demo. What leads out of this machine leads to
//! something here: `proxy.example.com` is a proxy that wants a password, the tool is the one under test.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

#[path = "../harness/mod.rs"]
mod harness;

mod pages;
mod proxy;
mod workflows;

use std::process::Command;
use std::sync::OnceLock;

use harness::{Bench, embedded, pages as documents, run, workspace};

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
    behind_a_corporate_proxy: "behind-a-corporate-proxy.md",
    gitlab_without_docker: "gitlab-without-docker.md",
    how_the_image_is_laid_out: "how-the-image-is-laid-out.md",
    private_registry: "private-registry.md",
    why_did_it_rebuild: "why-did-it-rebuild.md",
}

/// Followed by the suite `create_app`, on an app of create-app.
const ELSEWHERE: &str = "from-create-app-to-flightcontrol.md";

fn demo() -> &'static Bench {
    static DEMO: OnceLock<Bench> = OnceLock::new();
    DEMO.get_or_init(embedded::demo)
}

/// Runs a page's commands in the demo, once `edit` has made the names in them those of this machine.
fn follow(page: &str, edit: impl Fn(String) -> String) -> String {
    let commands = edit(documents::commands(&workspace().join("docs").join(page)));
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
fn every_page_has_commands_and_a_test() {
    let mut expected: Vec<_> = FOLLOWED.iter().copied().chain([ELSEWHERE]).map(str::to_owned).collect();
    expected.sort();
    let mut found = Vec::new();
    for page in documents::all() {
        assert!(documents::commands(&page).contains("cargo xtask "), "{}", page.display());
        found.push(page.file_name().unwrap().to_str().unwrap().to_owned());
    }
    found.sort();
    assert_eq!(found, expected);
}
