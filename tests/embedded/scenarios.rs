//! Which steps an edit runs, and what it changes in the image.

use std::path::Path;

use crate::demo;
use crate::harness::{Bench, Built, Restore, embedded, layers};

const BACKEND_SOURCE: &str = "packages/backend/src/index.ts";
const APP_SOURCE: &str = "packages/app/src/App.tsx";
const BACKEND_MANIFEST: &str = "packages/backend/package.json";

/// The most that a backend edit may add to what a registry holds.
const EDIT_BYTES: u64 = 100_000;

#[test]
fn the_first_build_runs_every_step() {
    let demo = demo();
    let expected = ["assemble", "build-app", "build-backend", "install", "production-dependencies", "typecheck"];
    assert_eq!(demo.first.ran(), expected);
    assert_eq!(demo.first.layers().len(), 5);
    for archive in ["skeleton.tar.gz", "bundle.tar.gz"] {
        assert!(demo.bench.repo.join("packages/backend/dist").join(archive).is_file());
    }
}

#[test]
fn nothing_changed_means_no_work_at_all() {
    let demo = demo();
    demo.bench.embedded(&[]).expect_success();
    let again = demo.bench.embedded(&[]).expect_success();
    assert!(again.ran().is_empty(), "{:?}", again.ran());
    assert_eq!(again.id(), demo.first.id());
}

/// Builds, edits by `edit`, builds again, and takes the edit back. Gives the second build, and the layers
/// that are new in it: place and bytes.
fn edited(path: &str, edit: impl FnOnce(&Bench)) -> (Built, Vec<(usize, u64)>) {
    let bench = &demo().bench;
    bench.embedded(&[]).expect_success();
    let before = layers::blobs(&bench.layout(), &bench.tag);
    let _file = Restore::of(bench, path);
    edit(bench);
    let built = bench.embedded(&[]).expect_success();
    let after = layers::blobs(&bench.layout(), &bench.tag);
    assert_eq!(before.len(), after.len());
    let new = after.iter().enumerate().filter(|(place, blob)| before[*place].digest != blob.digest);
    (built, new.map(|(place, blob)| (place, blob.size)).collect())
}

#[test]
fn a_backend_edit_changes_one_small_layer() {
    let (built, new) = edited(BACKEND_SOURCE, |bench| bench.append(BACKEND_SOURCE, "console.log('edited');"));
    assert_eq!(built.ran(), ["assemble", "build-backend", "typecheck"]);
    assert!(matches!(new[..], [(3, bytes)] if bytes <= EDIT_BYTES), "{new:?}");
}

#[test]
fn an_app_edit_builds_the_app_and_packs_the_backend() {
    let (built, new) = edited(APP_SOURCE, |bench| bench.append(APP_SOURCE, "console.log('edited');"));
    assert_eq!(built.ran(), ["assemble", "build-app", "build-backend", "typecheck"]);
    let places: Vec<_> = new.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [2]);
}

#[test]
fn an_edit_taken_back_gives_the_image_of_before() {
    let demo = demo();
    let (built, _) = edited(BACKEND_SOURCE, |bench| bench.append(BACKEND_SOURCE, "console.log('edited');"));
    assert_ne!(built.id(), demo.first.id());
    assert_eq!(demo.bench.embedded(&[]).expect_success().id(), demo.first.id());
}

#[test]
fn a_script_that_no_install_runs_installs_nothing() {
    let script = |bench: &Bench| {
        bench.replace(
            BACKEND_MANIFEST,
            "\"scripts\": {",
            "\"scripts\": {\n    \"lint\": \"backstage-cli package lint\",",
        );
    };
    let (built, _) = edited(BACKEND_MANIFEST, script);
    assert_eq!(built.ran(), ["assemble", "build-backend", "typecheck"]);
}

#[test]
fn a_dependency_is_added_and_removed_in_place_as_if_from_nothing() {
    let demo = demo();
    let bench = &demo.bench;
    let (manifest, lockfile) = (Restore::of(bench, BACKEND_MANIFEST), Restore::of(bench, "yarn.lock"));
    bench.add_dependency();
    let added = bench.embedded(&["--explain"]).expect_success();
    assert!(added.ran().contains(&"install".to_owned()), "{:?}", added.ran());
    assert!(explains(&added, "install", "packages/backend/package.json"), "{}", added.stderr);
    let state = embedded::fresh_state();
    let elsewhere = bench.with_state(state.path());
    let mut command = elsewhere.build_command(&["--engine", "embedded", "--no-typecheck"]);
    let from_nothing = Built::from(command.env("LC_ALL", "C").output().unwrap()).expect_success();
    assert_same(&bench.layout(), &elsewhere.layout(), &bench.tag);
    assert_eq!(added.id(), from_nothing.id());
    drop((manifest, lockfile));
    let removed = bench.embedded(&[]).expect_success();
    assert!(removed.ran().contains(&"production-dependencies".to_owned()), "{:?}", removed.ran());
    assert_eq!(removed.id(), demo.first.id());
}

/// Two layouts hold the same image; when not, says where they differ.
pub(crate) fn assert_same(one: &Path, other: &Path, tag: &str) {
    if layers::blobs(one, tag) != layers::blobs(other, tag) {
        let differences = layers::differences(&layers::image(one, tag), &layers::image(other, tag));
        panic!("{} paths differ:\n{}", differences.len(), differences[..differences.len().min(40)].join("\n"));
    }
}

/// Whether a reason that is given for a step's run names a file.
fn explains(built: &Built, step: &str, file: &str) -> bool {
    let reasons = built.message("explained")["steps"][step].as_array().cloned().unwrap_or_default();
    reasons.iter().any(|reason| reason.as_str().unwrap().contains(file))
}

#[test]
fn explain_names_the_changed_file() {
    let bench = &demo().bench;
    bench.embedded(&[]).expect_success();
    let _source = Restore::of(bench, BACKEND_SOURCE);
    bench.append(BACKEND_SOURCE, "// explained");
    let mut command = bench.xtask(&["build-image", "--engine", "embedded", "--explain", "--tag", &bench.tag]);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    for step in ["build-backend", "typecheck"] {
        assert!(stderr.contains(&format!("{step} ran: changed: {BACKEND_SOURCE}")), "{stderr}");
    }
}

/// A build that fails, after which image and archives are those of before.
fn fails(path: &str, line: &str) -> Built {
    let bench = &demo().bench;
    let before = bench.embedded(&[]).expect_success();
    let archives = || {
        ["skeleton", "bundle"]
            .map(|name| std::fs::read(bench.repo.join(format!("packages/backend/dist/{name}.tar.gz"))).unwrap())
    };
    let earlier = archives();
    let _source = Restore::of(bench, path);
    bench.append(path, line);
    let failed = bench.embedded(&[]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    let image = image::Layout::open(bench.layout()).unwrap().image(&bench.tag).unwrap();
    assert_eq!(image.manifest.digest.as_str(), before.id());
    assert!(archives() == earlier, "the archives changed");
    assert_eq!(bench.leftovers(), Vec::<String>::new());
    failed
}

#[test]
fn a_failed_type_check_leaves_the_earlier_image_and_archives() {
    let failed = fails(BACKEND_SOURCE, "const wrong: number = 'text';");
    assert!(failed.stderr.contains("the step typecheck failed"), "{}", failed.stderr);
    assert!(failed.stderr.contains("error TS2322"), "{}", failed.stderr);
}

#[test]
fn a_syntax_error_names_its_file() {
    let failed = fails(BACKEND_SOURCE, "const = ;");
    assert!(failed.stderr.contains("src/index.ts"), "{}", failed.stderr);
}

#[test]
fn a_broken_app_names_its_file() {
    let failed = fails(APP_SOURCE, "import './no-such-file';");
    assert!(failed.stderr.contains("no-such-file"), "{}", failed.stderr);
}

#[test]
fn without_a_type_check_a_wrong_type_is_nobodys_business() {
    let bench = &demo().bench;
    let _source = Restore::of(bench, BACKEND_SOURCE);
    bench.append(BACKEND_SOURCE, "const wrong: number = 'unchecked';");
    let built = bench.embedded(&["--no-typecheck"]).expect_success();
    let steps = built.message("finished")["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["step"] == "typecheck" && step["state"] == "skipped"), "{steps:?}");
    assert!(!built.ran().contains(&"typecheck".to_owned()));
    // An image that was never checked does not pass as one that was.
    assert_eq!(bench.embedded(&[]).code, 1);
}
