//! What pruning keeps and what it leaves out, on small trees.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use image::{
    LayerFiles, Libc, Owner, Platform,
    prune::{AppTree, PruneClass, PrunePlan},
};

fn write(app: &Path, path: &str, text: &str) {
    let path = app.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn plan(app: &Path, classes: &[PruneClass]) -> PrunePlan {
    let tree = AppTree { folder: app.to_owned(), target: "".into() };
    let platform = Platform { cpu: "x64".to_owned(), libc: Some(Libc::Glibc), module_version: Some(137) };
    PrunePlan::new(&[tree], classes.iter().copied().collect(), platform).unwrap()
}

/// What is left out of an app with these files; the config schemas are found to be whole.
fn left_out(files: &[(&str, &str)]) -> BTreeSet<String> {
    let app = tempfile::tempdir().unwrap();
    files.iter().for_each(|(path, text)| write(app.path(), path, text));
    let mut plan = plan(app.path(), &PruneClass::ALL);
    let mut layer = LayerFiles::new();
    layer.add_folder(app.path(), "app", Owner::ROOT, plan.filter("")).unwrap();
    plan.verify_schemas(&[&layer], "app").unwrap();
    let gone = files.iter().filter(|(path, _)| layer.get(Path::new("app").join(path)).is_none());
    let gone: BTreeSet<_> = gone.map(|(path, _)| (*path).to_owned()).collect();
    let explained = plan.explain();
    assert_eq!(explained.left_out().files, gone.len() as u64);
    assert_eq!(explained.kept.files, (files.len() - gone.len()) as u64);
    assert_eq!(explained.packages.iter().map(|package| package.kept.files).sum::<u64>(), explained.kept.files);
    gone
}

/// Asserts which files of one package `a` go, given its manifest; the first of each pair is the path.
fn assert_package(manifest: &str, goes: &[&str], stays: &[&str]) {
    let path = |name: &&str| format!("node_modules/@scope/a/{name}");
    let (goes, stays): (Vec<_>, Vec<_>) = (goes.iter().map(path).collect(), stays.iter().map(path).collect());
    let manifest_path = path(&"package.json");
    let mut files = vec![(manifest_path.as_str(), manifest)];
    files.extend(goes.iter().chain(&stays).map(|path| (path.as_str(), "text")));
    assert_eq!(left_out(&files), goes.into_iter().collect());
}

#[test]
fn a_plain_package_is_reduced_to_what_runs() {
    assert_package(
        r#"{"name": "@scope/a", "version": "1.0.0", "main": "index.js", "types": "index.d.ts"}"#,
        &[
            "index.js.map",
            "index.d.ts",
            "lib/a.d.mts.map",
            "src/a.ts",
            "lib/a.js.flow",
            "README.md",
            "test/a.js",
            "docs/deep/a.md",
            "prebuilds/win32-x64/a.node",
            "prebuilds/linux-x64/a.musl.node",
        ],
        &[
            "index.js",
            "LICENSE.md",
            "license",
            "THIRD-PARTY-NOTICES.md",
            "test/LICENSE",
            "lib/README.md",
            "templates/a/README.md",
            "templates/a/src/a.ts",
            "data.map",
            "a.c",
            "lib/test/a.js",
            "testing/a.js",
            "prebuilds/linux-x64/a.node",
            "lib/build/Makefile",
        ],
    );
}

#[test]
fn what_an_entry_point_names_stays() {
    assert_package(
        r#"{"name": "a", "main": "./src/index.ts", "bin": {"a": "docs/a.js"}, "exports": {
            ".": {"types": "./index.d.ts", "@a/source": "./src/a.ts", "default": "./src/b.ts"},
            "./spec/*": "./spec/*.js", "./readme": "./README.md"}}"#,
        &["index.d.ts", "src/a.ts", "tests/a.js"],
        &["src/index.ts", "src/b.ts", "docs/a.js", "docs/other.md", "spec/a.js", "README.md"],
    );
}

#[test]
fn a_folder_that_a_program_names_stays() {
    let manifest = ("node_modules/a/package.json", r#"{"name": "a"}"#);
    let files = [
        manifest,
        ("node_modules/a/lib/a.js", "require('../docs/messages')"),
        ("node_modules/a/docs/messages.js", ""),
        ("node_modules/a/test/a.js", "require('./test/a')"),
    ];
    assert_eq!(left_out(&files), BTreeSet::from(["node_modules/a/test/a.js".to_owned()]));
}

#[test]
fn a_native_addon_keeps_what_was_built() {
    assert_package(
        r#"{"name": "a", "gypfile": true}"#,
        &[
            "binding.gyp",
            "src/a.cc",
            "src/a.h",
            "build/Makefile",
            "build/a.target.mk",
            "build/config.gypi",
            "build/Release/obj.target/a/a.o",
            "build/Release/obj.target/a.node",
            "build/Release/.deps/a.d",
        ],
        &["build/Release/a.node", "lib/a.js"],
    );
}

#[test]
fn the_users_own_packages_lose_source_maps_only() {
    let gone = left_out(&[
        ("package.json", r#"{"name": "root"}"#),
        ("README.md", ""),
        ("packages/backend/package.json", r#"{"name": "backend", "version": "1.0.0"}"#),
        ("packages/backend/README.md", ""),
        ("packages/backend/test/a.d.ts", ""),
        ("packages/backend/dist/index.cjs.js.map", ""),
        ("packages/backend/src/a.js.map", ""),
        ("packages/app/dist/static/a.css.map", ""),
    ]);
    let maps = ["packages/app/dist/static/a.css.map", "packages/backend/dist/index.cjs.js.map"];
    assert_eq!(gone, maps.map(str::to_owned).into());
}

const LOADER: (&str, &str) = (
    "node_modules/@backstage/config-loader/package.json",
    r#"{"name": "@backstage/config-loader", "dependencies": {"typescript": "1", "ts-json-schema-generator": "1"}}"#,
);
const GENERATOR: (&str, &str) = (
    "node_modules/ts-json-schema-generator/package.json",
    r#"{"name": "ts-json-schema-generator", "dependencies": {"typescript": "1"}}"#,
);
const TYPESCRIPT: (&str, &str) =
    ("node_modules/typescript/package.json", r#"{"name": "typescript", "bin": {"tsc": "tsc.js"}}"#);
const LIBRARY: (&str, &str) = ("node_modules/typescript/lib/lib.d.ts", "");
const TYPES: (&str, &str) = ("node_modules/@types/a/index.d.ts", "");
const TYPES_MANIFEST: (&str, &str) = ("node_modules/@types/a/package.json", r#"{"name": "@types/a"}"#);

#[test]
fn the_schema_compiler_goes_when_nobody_needs_it() {
    let gone = left_out(&[LOADER, GENERATOR, TYPESCRIPT, LIBRARY, TYPES, TYPES_MANIFEST]);
    assert_eq!(gone, [GENERATOR.0, TYPESCRIPT.0, LIBRARY.0, TYPES.0].map(str::to_owned).into());
}

#[test]
fn the_schema_compiler_stays_for_a_schema_in_typescript() {
    for place in ["packages/backend", "node_modules/b/node_modules/c"] {
        let (manifest, schema) = (format!("{place}/package.json"), format!("{place}/config.d.ts"));
        let text = r#"{"name": "c", "configSchema": "config.d.ts"}"#;
        let own = [(manifest.as_str(), text), (schema.as_str(), "export interface Config {}")];
        let others = [LOADER, GENERATOR, TYPESCRIPT, LIBRARY, TYPES, TYPES_MANIFEST];
        assert_eq!(left_out(&[&own[..], &others[..]].concat()), BTreeSet::new());
    }
}

#[test]
fn the_schema_compiler_stays_for_another_package() {
    let other = ("node_modules/b/package.json", r#"{"name": "b", "peerDependencies": {"typescript": "*"}}"#);
    let gone = left_out(&[LOADER, GENERATOR, TYPESCRIPT, LIBRARY, TYPES, TYPES_MANIFEST, other]);
    assert_eq!(gone, BTreeSet::from([TYPES.0.to_owned()]), "its library stays, too");
}

#[test]
fn a_schema_stays_wherever_it_lies() {
    for schema in ["config.schema.json", "./docs/schema.json", "test/a.json"] {
        let path = format!("node_modules/a/{}", schema.trim_start_matches("./"));
        let manifest = format!(r#"{{"name": "a", "configSchema": "{schema}"}}"#);
        assert!(left_out(&[("node_modules/a/package.json", &manifest), (&path, "{}")]).is_empty());
    }
}

#[test]
fn a_lost_or_altered_schema_is_an_error() {
    let app = tempfile::tempdir().unwrap();
    write(app.path(), "node_modules/a/package.json", r#"{"name": "a", "configSchema": "schema.json"}"#);
    write(app.path(), "node_modules/a/schema.json", "{}");
    let plan = plan(app.path(), &[]);
    let mut layer = LayerFiles::new();
    layer.add_folder(app.path(), "app", Owner::ROOT, |found| !found.path.ends_with("schema.json")).unwrap();
    let error = plan.verify_schemas(&[&layer], "app").unwrap_err().to_string();
    assert!(error.starts_with("app/node_modules/a/schema.json\n  expected: config schemas with"), "{error}");
    layer.add_bytes("app/node_modules/a/schema.json", "{ }", 0o644, Owner::ROOT).unwrap();
    assert!(plan.verify_schemas(&[&layer], "app").is_err());
    layer.add_bytes("app/node_modules/a/schema.json", "{}", 0o644, Owner::ROOT).unwrap();
    plan.verify_schemas(&[&layer], "app").unwrap();
}

#[test]
fn a_class_that_is_not_enabled_takes_nothing() {
    let app = tempfile::tempdir().unwrap();
    write(app.path(), "node_modules/a/package.json", r#"{"name": "a", "version": "1.0.0"}"#);
    write(app.path(), "node_modules/a/a.js.map", "1234");
    write(app.path(), "node_modules/a/a.d.ts", "12");
    symlink("../a/a.js", app.path().join("node_modules/b")).unwrap();
    let mut plan = plan(app.path(), &[PruneClass::SourceMaps]);
    let mut layer = LayerFiles::new();
    let folder = app.path().join("node_modules");
    layer.add_folder(&folder, "app/node_modules", Owner::ROOT, plan.filter("node_modules")).unwrap();
    let explained = serde_json::to_value(plan.explain()).unwrap();
    assert_eq!(explained["classes"], serde_json::json!({"source-maps": {"bytes": 4, "files": 1}}));
    assert_eq!(explained["packages"][0]["package"], "a@1.0.0");
    assert!(layer.get("app/node_modules/a/a.d.ts").is_some() && layer.get("app/node_modules/b").is_some());
}
