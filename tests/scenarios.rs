//! Which steps an edit runs anew: exactly those whose fingerprint in the plan changes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::{Sandbox, copy_tree};
use serde_json::Value;

/// After the install: every step but the toolchain.
const ALL_FROM_INSTALL: &[&str] =
    &["install", "production-dependencies", "typecheck", "build-app", "build-backend", "assemble"];
const BACKEND: &[&str] = &["typecheck", "build-backend", "assemble"];
const APP: &[&str] = &["typecheck", "build-app", "build-backend", "assemble"];

/// Fingerprints by step.
fn fingerprints(plan: &Value) -> BTreeMap<String, String> {
    let text = |step: &Value, field: &str| step[field].as_str().unwrap().to_owned();
    plan["steps"].as_array().unwrap().iter().map(|step| (text(step, "id"), text(step, "fingerprint"))).collect()
}

/// The steps that are not in both plans with one fingerprint.
fn changed(before: &Value, after: &Value) -> BTreeSet<String> {
    let (before, after) = (fingerprints(before), fingerprints(after));
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// Plans the demo, edits it, and plans it again.
fn scenario(edit: impl FnOnce(&Sandbox), expected: &[&str]) {
    let sandbox = Sandbox::of("demo");
    let before = sandbox.plan();
    edit(&sandbox);
    let expected: BTreeSet<String> = expected.iter().map(|step| (*step).to_owned()).collect();
    assert_eq!(changed(&before, &sandbox.plan()), expected);
}

/// Adds a line at a file's end.
fn append(sandbox: &Sandbox, path: &str, line: &str) {
    sandbox.write(path, &format!("{}{line}\n", sandbox.read(path)));
}

#[test]
fn the_backends_source() {
    scenario(|demo| append(demo, "packages/backend/src/index.ts", "// edited"), BACKEND);
}

#[test]
fn the_apps_source() {
    scenario(|demo| append(demo, "packages/app/src/App.tsx", "// edited"), APP);
}

#[test]
fn a_backend_plugins_source() {
    scenario(|demo| append(demo, "plugins/hello-backend/src/plugin.ts", "// edited"), BACKEND);
}

#[test]
fn a_frontend_plugins_source() {
    scenario(|demo| append(demo, "plugins/hello/src/plugin.tsx", "// edited"), APP);
}

#[test]
fn the_source_of_a_library_of_both() {
    scenario(|demo| append(demo, "plugins/hello-common/src/index.ts", "// edited"), APP);
}

#[test]
fn a_new_source_file() {
    scenario(|demo| demo.write("plugins/hello-backend/src/more.ts", "export {};\n"), BACKEND);
}

#[test]
fn a_removed_source_file() {
    scenario(|demo| std::fs::remove_file(demo.path("packages/app/public/favicon.svg")).unwrap(), APP);
}

#[test]
fn a_moved_source_file() {
    let moving = |demo: &Sandbox| {
        let folder = demo.path("plugins/hello-backend/src");
        std::fs::rename(folder.join("plugin.ts"), folder.join("plugin2.ts")).unwrap();
    };
    scenario(moving, BACKEND);
}

#[test]
fn a_script_that_no_install_runs() {
    let script = |path: &'static str| {
        move |demo: &Sandbox| demo.replace(path, "\"scripts\": {", "\"scripts\": {\n    \"lint\": \"eslint .\",")
    };
    scenario(script("packages/backend/package.json"), BACKEND);
    scenario(script("packages/app/package.json"), APP);
    scenario(script("plugins/hello/package.json"), APP);
    // The archive holds the root manifest as it is.
    scenario(script("package.json"), &["build-backend", "assemble"]);
}

#[test]
fn a_script_that_an_install_runs() {
    let edit = |demo: &Sandbox| {
        demo.replace("package.json", "\"scripts\": {", "\"scripts\": {\n    \"postinstall\": \"true\",")
    };
    scenario(edit, ALL_FROM_INSTALL);
}

#[test]
fn a_dependency_of_the_backend() {
    let edit = |demo: &Sandbox| {
        demo.replace("packages/backend/package.json", "\"pg\": ", "\"lodash\": \"^4.17.15\",\n    \"pg\": ");
        demo.replace(
            "yarn.lock",
            "    app: \"link:../app\"\n",
            "    app: \"link:../app\"\n    lodash: \"npm:^4.17.15\"\n",
        );
    };
    scenario(edit, ALL_FROM_INSTALL);
}

#[test]
fn a_new_workspace() {
    let edit = |demo: &Sandbox| {
        demo.write("plugins/new-backend/package.json", "{\"name\": \"new-backend\", \"version\": \"0.0.0\"}\n");
        let entry = "\"new-backend@workspace:plugins/new-backend\":\n  version: 0.0.0-use.local\n  resolution: \"new-backend@workspace:plugins/new-backend\"\n  languageName: unknown\n  linkType: soft\n";
        append(demo, "yarn.lock", &format!("\n{entry}"));
    };
    scenario(edit, ALL_FROM_INSTALL);
}

#[test]
fn the_lockfile() {
    scenario(|demo| append(demo, "yarn.lock", "# edited"), ALL_FROM_INSTALL);
}

#[test]
fn packages_of_the_image_and_techdocs() {
    let settings = |text: &'static str| move |demo: &Sandbox| demo.write("xtask.toml", text);
    scenario(settings("[runtime]\npackages = [\"git\"]\n"), &["runtime-packages"]);
    scenario(settings("[techdocs]\nenabled = true\n"), &["runtime-packages", "techdocs"]);
    scenario(settings("[techdocs]\nenabled = false\npackages = [\"mkdocs==1.6.1\"]\n"), &[]);
}

#[test]
fn the_settings_of_yarn() {
    scenario(|demo| append(demo, ".yarnrc.yml", "enableInlineHunks: true"), ALL_FROM_INSTALL);
}

#[test]
fn the_release_of_yarn() {
    let edit = |demo: &Sandbox| demo.replace("package.json", "yarn@4.13.0", "yarn@4.12.0");
    scenario(edit, &[&["toolchain"], ALL_FROM_INSTALL].concat());
}

#[test]
fn the_release_of_backstage() {
    scenario(|demo| demo.write("backstage.json", "{ \"version\": \"1.56.0\" }\n"), ALL_FROM_INSTALL);
}

#[test]
fn the_version_of_node() {
    scenario(|demo| demo.write(".nvmrc", "22\n"), &[&["toolchain"], ALL_FROM_INSTALL].concat());
}

#[test]
fn the_settings_of_typescript() {
    scenario(|demo| append(demo, "tsconfig.json", "// edited"), APP);
}

#[test]
fn configuration_is_baked_into_the_app() {
    for name in ["app-config.yaml", "app-config.production.yaml"] {
        scenario(|demo| append(demo, name, "# edited"), &["build-app", "build-backend", "assemble"]);
    }
}

#[test]
fn a_file_that_the_configuration_names() {
    scenario(|demo| append(demo, "catalog/entities.yaml", "# edited"), &["assemble"]);
}

#[test]
fn the_executable_bit() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |mode| {
        move |demo: &Sandbox| {
            let path = demo.path("packages/backend/src/index.ts");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    scenario(mode(0o755), BACKEND);
    // Git records no other bit.
    scenario(mode(0o600), &[]);
    scenario(mode(0o666), &[]);
}

#[test]
fn what_no_step_reads() {
    scenario(|demo| append(demo, "README.md", "edited"), &[]);
    scenario(|demo| demo.write("docs/index.md", "new\n"), &[]);
    scenario(|demo| demo.write(".github/workflows/ci.yml", "on: push\n"), &[]);
}

#[test]
fn what_git_ignores() {
    for path in [
        "packages/backend/dist/index.cjs.js",
        "packages/app/node_modules/x/index.js",
        "packages/app/.env",
        "app-config.local.yaml",
        "dist-types/index.d.ts",
        "packages/backend/tsconfig.tsbuildinfo",
        ".yarn/install-state.gz",
    ] {
        scenario(|demo| demo.write(path, "x\n"), &[]);
    }
}

#[test]
fn what_never_belongs_in_an_image_whatever_git_says() {
    let edit = |demo: &Sandbox| {
        demo.write(".gitignore", "");
        for path in [
            "packages/backend/.env",
            "node_modules/x/a.js",
            "packages/backend/dist/skeleton.tar.gz",
            "app-config.local.yaml",
        ] {
            demo.write(path, "x\n");
        }
    };
    scenario(edit, &[]);
}

#[test]
fn times_of_files() {
    let edit = |demo: &Sandbox| {
        for path in common::files_below(&demo.repo()) {
            let file = std::fs::File::options().write(true).open(demo.path(&path)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
        }
    };
    scenario(edit, &[]);
}

#[test]
fn the_order_in_which_files_were_made() {
    let sandbox = Sandbox::of("demo");
    let other = Sandbox::empty();
    for path in common::files_below(&sandbox.repo()).iter().rev() {
        other.write(path, &sandbox.read(path));
    }
    assert_eq!(sandbox.plan(), other.plan());
}

#[test]
fn place_and_language_say_nothing() {
    let sandbox = Sandbox::of("demo");
    let plan = sandbox.plan();
    let copy = sandbox.root().join("another place/with spaces and ünïcode");
    copy_tree(&sandbox.repo(), &copy);
    let from = |folder: &Path, variables: &[(&str, &str)]| {
        let mut command = sandbox.command(&["build-image", "--plan"]);
        let output = command.current_dir(folder).envs(variables.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{}", common::transcript(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(from(&copy, &[]), plan);
    assert_eq!(from(&sandbox.path("plugins/hello/src"), &[]), plan);
    assert_eq!(from(&sandbox.repo(), &[("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Asia/Kathmandu"), ("USER", "x")]), plan);
}

#[test]
fn the_plan_is_in_order_and_its_edges_are_as_designed() {
    let plan = Sandbox::of("demo").plan();
    let mut before: BTreeSet<&str> = BTreeSet::new();
    for step in plan["steps"].as_array().unwrap() {
        let id = step["id"].as_str().unwrap();
        let needs: Vec<_> = step["needs"].as_array().unwrap().iter().map(|need| need.as_str().unwrap()).collect();
        assert!(needs.iter().all(|need| before.contains(need)), "{id} comes before what it needs");
        let is_build = |need: &&str| need.starts_with("build-");
        if id == "production-dependencies" {
            assert!(!needs.iter().any(is_build), "a source edit would install anew: {needs:?}");
        }
        if id.starts_with("build-") {
            assert!(!needs.contains(&"typecheck"), "{id} waits for the type check");
        }
        if id == "assemble" {
            assert!(needs.contains(&"typecheck") && needs.contains(&"build-backend"), "{needs:?}");
        }
        before.insert(id);
    }
}

/// Packages of the large monorepo, and files in each.
const PACKAGES: usize = 300;
const FILES: usize = 167;

#[test]
fn three_hundred_packages_are_planned() {
    let sandbox = large_monorepo();
    assert!(sandbox.succeed(&["build-image", "--plan"]).contains("plugins/p299"));
}

/// The minimal repository with many more plugins, each of which depends on the one before it.
fn large_monorepo() -> Sandbox {
    let sandbox = Sandbox::of("minimal");
    let mut lock = sandbox.read("yarn.lock");
    for package in 0..PACKAGES {
        let folder = format!("plugins/p{package}");
        let (dependency, locked) = match package.checked_sub(1) {
            Some(previous) => (
                format!("\"@internal/p{previous}\": \"workspace:^\""),
                format!("\"@internal/p{previous}\": \"workspace:^\""),
            ),
            None => ("\"express\": \"^4.22.0\"".to_owned(), "express: \"npm:^4.22.0\"".to_owned()),
        };
        let manifest = format!(
            "{{\"name\": \"@internal/p{package}\", \"version\": \"0.0.0\", \"backstage\": {{\"role\": \"backend-plugin\"}}, \"dependencies\": {{{dependency}}}}}"
        );
        sandbox.write(&format!("{folder}/package.json"), &manifest);
        for file in 1..FILES {
            sandbox.write(
                &format!("{folder}/src/part{}/file{file}.ts", file % 8),
                &format!("export const x = {file};\n").repeat(40),
            );
        }
        lock += &format!(
            "\n\"@internal/p{package}@workspace:^, @internal/p{package}@workspace:{folder}\":\n  version: 0.0.0-use.local\n  resolution: \"@internal/p{package}@workspace:{folder}\"\n  dependencies:\n    {locked}\n  languageName: unknown\n  linkType: soft\n"
        );
    }
    for number in 0..3000 {
        lock += &format!(
            "\n\"package-{number}@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"package-{number}@npm:1.0.0\"\n  dependencies:\n    express: \"npm:^4.22.0\"\n  checksum: 10c0/{number:0128}\n  languageName: node\n  linkType: hard\n"
        );
    }
    sandbox.write("yarn.lock", &lock);
    let last = format!("\"@internal/p{}\": \"workspace:^\"", PACKAGES - 1);
    sandbox.replace("packages/backend/package.json", "\"app\": ", &format!("{last},\n    \"app\": "));
    sandbox.replace("yarn.lock", "    app: \"link:../app\"\n", &format!("    {last}\n    app: \"link:../app\"\n"));
    sandbox
}
