//! The page of the documentation that goes from a new app to a deployment, followed.

use std::path::Path;

use crate::harness::{Bench, pages, workspace};

/// What the names in the page are here: the app is made, this tool is compiled, and behind a proxy that opens TLS a
/// build by Docker alone wants its certificate.
const NAMES: &str = r#"
npx() { [[ $* == "@backstage/create-app@latest --path my-backstage" && -d my-backstage ]]; }
cargo() { if [[ $PWD == */backstage-xtask ]]; then shift; "$XTASK" "$@"; else command cargo --offline "$@"; fi; }
docker() {
  [[ -z ${NODE_EXTRA_CA_CERTS:-} || $1 != build ]] || set -- "$@" --secret "id=ca,src=$NODE_EXTRA_CA_CERTS"
  DOCKER_BUILDKIT=1 command docker "$@"
}
"#;

/// Follows it: the tool goes into the app, writes and checks the files of the deployment, and Docker alone builds a
/// clone of what was committed.
pub(crate) fn follow(bench: &Bench, folder: &Path) {
    std::fs::create_dir(folder.join("backstage-xtask")).unwrap();
    let environment = [
        ("XTASK".to_owned(), env!("CARGO_BIN_EXE_backstage-xtask").to_owned()),
        ("XDG_CACHE_HOME".to_owned(), folder.join("cache").display().to_string()),
        ("CARGO_INCREMENTAL".to_owned(), "0".to_owned()),
        // The libraries of others are compiled already.
        ("CARGO_BUILD_BUILD_DIR".to_owned(), workspace().join("target").display().to_string()),
    ];
    let page = pages::commands("tutorial/from-create-app-to-flightcontrol.md");
    let text = pages::expect_success(&pages::run_in(folder, NAMES, &page, &environment));
    assert!(text.contains("\n  ready "), "it was booted\n{text}");
    let clone = folder.join("as-deployed");
    assert!(!clone.join("target").exists() && clone.join("tools/backstage-xtask").exists());
    assert_eq!(bench.repo, folder.join("my-backstage"));
}
