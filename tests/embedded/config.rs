//! `config` with the packages of a build: what Backstage's own check says.

use crate::demo;
use crate::harness::{Built, Restore};

#[test]
fn backstages_own_check_names_the_file_it_complains_of() {
    let bench = &demo().bench;
    let config = || Built::from(bench.xtask(&["config", "--message-format", "json"]).output().unwrap());
    let fine = config().expect_success();
    let check = &fine.message("config")["check"];
    assert_eq!(check["state"], "checked", "{check}");
    assert!(check["modules"].as_str().unwrap().ends_with("trees/install"), "{check}");
    let _restore = Restore::of(bench, "app-config.production.yaml");
    bench.replace("app-config.production.yaml", "  listen: ':7007'", "  lissten: ':7007'");
    let wrong = config();
    assert_eq!(wrong.code, 1, "{}", wrong.stderr);
    let expected = "app-config.production.yaml: Config must NOT have additional properties { additionalProperty=lissten } at /backend";
    assert_eq!(wrong.message("config")["check"]["complaints"], serde_json::json!([expected]));
    assert!(wrong.stderr.contains(expected), "{}", wrong.stderr);
}
