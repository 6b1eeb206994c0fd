//! Where an image of the embedded engine goes: a registry, files, Docker; and that others can read it there.
//!
//! Run them with `--test-threads=1`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

mod harness;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use harness::registry::{Registry, free_port};
use harness::{Bench, Built, Restore, docker, embedded, layers, run};

const BACKEND_SOURCE: &str = "packages/backend/src/index.ts";

fn demo() -> &'static Bench {
    static DEMO: OnceLock<Bench> = OnceLock::new();
    DEMO.get_or_init(embedded::demo)
}

/// `build-image` for people.
fn build(flags: &[&str]) -> Output {
    let mut command = demo().xtask(&["build-image", "--engine", "embedded", "--tag", &demo().tag]);
    command.args(flags).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn skopeo(arguments: &[&str]) -> String {
    run(Command::new("skopeo").arg("--insecure-policy").args(arguments))
}

/// The digest that the tag stands for in our own layout.
fn named() -> String {
    let image = image::Layout::open(demo().layout()).unwrap().image(&demo().tag).unwrap();
    image.manifest.digest.to_string()
}

/// Copies from a registry to an archive, loads that, and runs Node in it.
fn runs_from(reference: &str, folder: &Path) {
    let (archive, tag) = (folder.join("pulled.tar"), "backstage-xtask-test:pulled");
    let to = format!("docker-archive:{}:{tag}", archive.display());
    skopeo(&["copy", "--quiet", "--src-tls-verify=false", &format!("docker://{reference}"), &to]);
    run(Command::new("docker").args(["load", "--quiet", "--input"]).arg(&archive));
    runs(tag);
    docker(&["image", "rm", tag]);
}

fn runs(tag: &str) {
    let (version, works) = docker(&["run", "--rm", "--network", "none", tag, "node", "--version"]);
    assert!(works && version.starts_with('v'), "{version}");
    let load = "require('better-sqlite3')(':memory:').prepare('select 1').get(); console.log(process.getuid())";
    let (user, works) = docker(&["run", "--rm", "--network", "none", tag, "node", "-e", load]);
    assert!(works && user == "1000", "{user}");
}

#[test]
fn a_pushed_image_is_named_by_its_digest_and_comes_back_the_same() {
    let registry = Registry::start();
    let reference = registry.reference("team/app:1");
    let pushed = stdout(&build(&["--push", &reference]));
    assert_eq!(pushed, format!("{}@{}\n", registry.reference("team/app"), named()));
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}:back", folder.path().join("layout").display());
    skopeo(&["copy", "--quiet", "--src-tls-verify=false", &format!("docker://{}", pushed.trim()), &layout]);
    assert_eq!(layers::blobs(&folder.path().join("layout"), "back"), layers::blobs(&demo().layout(), &demo().tag));
    runs_from(&reference, folder.path());
}

/// What `skopeo inspect --raw` says of a manifest in the registry.
fn raw(reference: &str) -> serde_json::Value {
    serde_json::from_str(&skopeo(&["inspect", "--raw", "--tls-verify=false", &format!("docker://{reference}")]))
        .unwrap()
}

const DOCUMENTS: [&str; 3] =
    ["application/vnd.cyclonedx+json", "application/spdx+json", "application/vnd.in-toto+json"];

/// What the descriptors of artifacts in an index are.
fn artifact_types(index: &serde_json::Value) -> Vec<&str> {
    index["manifests"].as_array().unwrap().iter().filter_map(|one| one["artifactType"].as_str()).collect()
}

#[test]
fn documents_go_with_the_image_and_it_stays_the_same() {
    let registry = Registry::start();
    let repository = registry.reference("team/attested");
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let [layout, archive] = [format!("oci:{}", place("layout")), format!("oci-archive:{}", place("oci.tar"))];
    let statement = place("statement.json");
    let push = format!("{repository}:1");
    let flags = ["--attest", "--provenance", &statement, "--output", &layout, "--output", &archive, "--push", &push];
    let written = stdout(&build(&flags));
    assert_eq!(written.lines().last().unwrap(), format!("{repository}@{}", named()), "the image has another digest");
    // Whoever asks for the image by what standard output says finds it, and nothing else.
    for line in written.lines().take(2) {
        let found: serde_json::Value = serde_json::from_str(&skopeo(&["inspect", line])).unwrap();
        assert_eq!(found["Digest"], named(), "{line}");
    }
    for name in [&layout, &archive] {
        let verified = demo().xtask(&["verify-image", name]).output().unwrap();
        assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
    }
    run(Command::new("docker").args(["load", "--quiet", "--input"]).arg(folder.path().join("oci.tar")));
    runs(&demo().tag);
    let index = std::fs::read_to_string(folder.path().join("layout/index.json")).unwrap();
    assert_eq!(artifact_types(&serde_json::from_str(&index).unwrap()), DOCUMENTS);
    // This registry lists no referrers by itself.
    let tag = format!("{repository}:{}", named().replace(':', "-"));
    let listed = raw(&tag);
    assert_eq!(artifact_types(&listed), DOCUMENTS);
    for one in listed["manifests"].as_array().unwrap() {
        let manifest = raw(&format!("{repository}@{}", one["digest"].as_str().unwrap()));
        assert_eq!(manifest["subject"]["digest"], named());
        assert_eq!(manifest["artifactType"], one["artifactType"]);
    }
    // Again: nothing is listed twice.
    stdout(&build(&["--attest", "--push", &push]));
    assert_eq!(raw(&tag), listed);
    // The statement is about what was pushed, from a commit.
    let said: serde_json::Value = serde_json::from_slice(&std::fs::read(&statement).unwrap()).unwrap();
    assert_eq!(format!("sha256:{}", said["subject"][0]["digest"]["sha256"].as_str().unwrap()), named());
    assert_eq!(harness::canaries::found_in(said.to_string().as_bytes()), [""; 0]);
    docker(&["image", "rm", "--force", &demo().tag]);
}

#[test]
fn a_base_image_is_locked_by_what_the_registry_has_and_used_by_its_digest() {
    let registry = Registry::start();
    let base = registry.reference("team/base:1");
    demo().embedded(&[]).expect_success();
    let from = format!("oci:{}:{}", demo().layout().display(), demo().tag);
    skopeo(&["copy", "--quiet", "--dest-tls-verify=false", &from, &format!("docker://{base}")]);
    let _lock = Restore::of(demo(), "base-image.lock.json");
    let lock = demo().repo.join("base-image.lock.json");
    run(&mut demo().xtask(&["base-image", "--update", "--base", &base]));
    let mut locked: serde_json::Value = serde_json::from_slice(&std::fs::read(&lock).unwrap()).unwrap();
    assert_eq!(locked["images"][&base]["digest"], named());
    let plan = |base: &str| -> serde_json::Value {
        let plan = demo().xtask(&["build-image", "--plan", "--base", base]).output().unwrap();
        serde_json::from_slice(&plan.stdout).unwrap()
    };
    assert_eq!(plan(&base)["base_image"], format!("{base}@{}", named()));
    assert_eq!(plan("other:1")["base_image"], "other:1");
    // The default base in the Dockerfile, and what is said when all of it is old.
    let pin = serde_json::json!({ "digest": named(), "locked": "2020-01-01" });
    let default = plan_of_default();
    let default = default.split('@').next().unwrap();
    locked["images"] = serde_json::json!({ default: pin });
    std::fs::write(&lock, locked.to_string()).unwrap();
    assert_eq!(plan_of_default(), format!("{default}@{}", named()));
    let said = demo().xtask(&["render", "--check"]).output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains(&format!("base-image.lock.json: {default} was locked ")), "{said}");
    assert!(said.contains("days ago, expected at most 60") && said.contains("base-image --update"), "{said}");
}

fn plan_of_default() -> String {
    let plan = demo().xtask(&["build-image", "--plan"]).output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    plan["base_image"].as_str().unwrap().to_owned()
}

#[test]
fn after_a_backend_edit_little_is_pushed() {
    let registry = Registry::start();
    let reference = registry.reference("team/app:1");
    stdout(&build(&["--push", &reference]));
    let before = registry.size();
    let _source = Restore::of(demo(), BACKEND_SOURCE);
    demo().append(BACKEND_SOURCE, "console.log('pushed again');");
    stdout(&build(&["--push", &reference]));
    let added = registry.size() - before;
    assert!(added < 100_000, "{added} bytes");
}

/// Part of the program only with its feature `zstd`, which takes long to compile.
#[cfg(feature = "zstd")]
#[test]
fn layers_of_zstd_are_pushed_and_run() {
    let registry = Registry::start();
    let reference = registry.reference("team/zstd:1");
    let pushed = stdout(&build(&["--compression", "zstd", "--push", &reference]));
    let manifest = skopeo(&["inspect", "--raw", "--tls-verify=false", &format!("docker://{}", pushed.trim())]);
    assert!(manifest.contains("application/vnd.oci.image.layer.v1.tar+zstd"), "{manifest}");
    assert!(!manifest.contains("gzip"), "{manifest}");
    // skopeo converts no zstd for archives of Docker's.
    run(Command::new("docker").args(["pull", "--quiet", &reference]));
    runs(&reference);
    docker(&["image", "rm", &reference]);
    // The same files, however they are packed.
    let zstd = demo().embedded(&["--compression", "zstd"]).expect_success().layers();
    assert_eq!(demo().embedded(&[]).expect_success().layers(), zstd);
}

#[test]
fn a_registry_that_does_not_answer_is_the_environments_fault_and_the_image_stays() {
    let before = demo().embedded(&[]).expect_success().id();
    let reference = format!("127.0.0.1:{}/team/app:1", free_port());
    let _source = Restore::of(demo(), BACKEND_SOURCE);
    demo().append(BACKEND_SOURCE, "console.log('never pushed');");
    let failed = build(&["--push", &reference]);
    let stderr = String::from_utf8_lossy(&failed.stderr);
    assert_eq!(failed.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains(&reference) && stderr.contains("connection refused"), "{stderr}");
    assert!(failed.stdout.is_empty());
    // What was built and verified is not built again.
    let again = demo().embedded(&[]).expect_success();
    assert!(again.ran().is_empty() && again.id() != before, "{:?}", again.ran());
    assert_eq!(demo().leftovers(), Vec::<String>::new());
}

#[test]
fn an_image_goes_into_files_of_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let places = [
        format!("oci:{}", place("layout")),
        format!("oci-archive:{}", place("oci.tar")),
        format!("docker-archive:{}", place("docker.tar")),
    ];
    let flags: Vec<&str> = places.iter().flat_map(|place| ["--output", place.as_str()]).collect();
    let written = stdout(&build(&flags));
    assert_eq!(written.lines().count(), 3, "{written}");
    for (place, line) in places.iter().zip(written.lines()) {
        assert!(line.starts_with(place.as_str()), "{line}");
        // Standard output names what skopeo can read.
        let found: serde_json::Value = serde_json::from_str(&skopeo(&["inspect", line])).unwrap();
        assert_eq!(found["Layers"].as_array().unwrap().len(), 5, "{line}");
        if line.starts_with("oci") {
            assert_eq!(found["Digest"], named(), "{line}");
        }
    }
    assert_eq!(
        docker(&["load", "--quiet", "--input", &place("docker.tar")]).0,
        format!("Loaded image: {}", demo().tag)
    );
    runs(&demo().tag);
}

#[test]
fn files_of_before_are_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("oci.tar");
    let output = format!("oci-archive:{}", archive.display());
    stdout(&build(&["--output", &output]));
    let before = std::fs::read(&archive).unwrap();
    stdout(&build(&["--output", &output]));
    assert!(std::fs::read(&archive).unwrap() == before, "the same image gave another archive");
    let nowhere = PathBuf::from("/proc/no-such-folder/oci.tar");
    let failed = build(&["--output", &format!("oci-archive:{}", nowhere.display())]);
    let stderr = String::from_utf8_lossy(&failed.stderr);
    assert_eq!(failed.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("/proc/no-such-folder"), "{stderr}");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["oci.tar"]);
}

#[test]
fn a_loaded_image_runs_and_so_does_one_loaded_after_an_edit() {
    docker(&["image", "rm", "--force", &demo().tag]);
    let load = |flags: &[&str]| {
        let built = demo().embedded(&[flags, &["--load"]].concat()).expect_success();
        let layers = docker(&["image", "inspect", "--format", "{{json .RootFS.Layers}}", &demo().tag]).0;
        assert_eq!(serde_json::from_str::<Vec<String>>(&layers).unwrap(), built.layers());
        built
    };
    let first: Built = load(&[]);
    runs(&demo().tag);
    let _source = Restore::of(demo(), BACKEND_SOURCE);
    demo().append(BACKEND_SOURCE, "console.log('loaded again');");
    let edited = demo().embedded(&[]).expect_success();
    assert_ne!(first.id(), edited.id());
    load(&[]);
    runs(&demo().tag);
    docker(&["image", "rm", "--force", &demo().tag]);
}
