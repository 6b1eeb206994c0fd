//! Ten small changes of the demo that a usual Dockerfile would ship: each is stopped before anything has its
//! name, by the cheapest check that can know, and told how to be fixed.
//!
//! A folder of `tests/fixtures/broken_ten` has a `patch` and `expected`: its first line is what stops the build
//! (`facts`, `artifacts CODE`, `image CODE`), the others are what is said.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::demo;
use crate::harness::{Bench, Built, run, workspace};

/// The demo with a patch, which is taken back when this is dropped.
struct Patched<'a> {
    bench: &'a Bench,
    patch: PathBuf,
}

impl<'a> Patched<'a> {
    fn new(bench: &'a Bench, patch: PathBuf) -> Self {
        run(git(bench).arg("apply").arg(&patch));
        Self { bench, patch }
    }
}

impl Drop for Patched<'_> {
    fn drop(&mut self) {
        let _ = git(self.bench).args(["apply", "--reverse"]).arg(&self.patch).status();
    }
}

fn git(bench: &Bench) -> Command {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").arg("-C").arg(&bench.repo);
    git
}

/// The check that stopped the build.
fn stopped_by(built: &Built) -> Vec<String> {
    let has = |event: &str| built.messages.iter().any(|message| message["event"] == event);
    if !has("step-started") {
        return vec!["facts".to_owned()];
    }
    let findings = built.messages.iter().find(|message| message["event"] == "findings");
    let grave = |part: &str| {
        let all = findings.and_then(|findings| findings[part].as_array()).cloned().unwrap_or_default();
        let grave = all.into_iter().filter(|finding: &Value| finding["severity"] == "error");
        grave.map(|finding| format!("{part} {}", finding["code"].as_str().unwrap())).collect::<Vec<_>>()
    };
    let mut found = [grave("artifacts"), grave("image")].concat();
    found.dedup();
    found
}

fn case(name: &str) {
    let bench = &demo().bench;
    let folder = workspace().join("tests/fixtures/broken_ten").join(name);
    let expected = std::fs::read_to_string(folder.join("expected")).unwrap();
    let (check, words) = expected.split_once('\n').unwrap();
    let before = what_is_named(bench);
    let flags: &[&str] = if name == "unset_variable" { &["--boot"] } else { &["--no-typecheck"] };
    let patched = Patched::new(bench, folder.join("patch"));
    let start = std::time::Instant::now();
    let failed = bench.embedded(flags);
    println!("{name}: {check} after {:.1} s\n{}\n", start.elapsed().as_secs_f32(), failed.stderr);
    drop(patched);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert_eq!(stopped_by(&failed), [check], "{}", failed.stderr);
    for line in words.lines() {
        assert!(failed.stderr.contains(line), "{line:?} in {}", failed.stderr);
    }
    assert_eq!(what_is_named(bench), before, "the earlier image and archives stay");
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

/// The digest behind the image's name, and the archives.
fn what_is_named(bench: &Bench) -> (String, Vec<Vec<u8>>) {
    let image = image::Layout::open(bench.layout()).unwrap().image(&bench.tag).unwrap();
    let dist = bench.repo.join("packages/backend/dist");
    let archive = |name: &&str| std::fs::read(Path::new(&dist).join(name)).unwrap();
    (image.manifest.digest.to_string(), ["skeleton.tar.gz", "bundle.tar.gz"].iter().map(archive).collect())
}

/// A test for each folder, and one that the list is complete.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { case(stringify!($name)); })*

        #[test]
        fn every_folder_is_a_test() {
            let folders = std::fs::read_dir(workspace().join("tests/fixtures/broken_ten")).unwrap();
            let mut found: Vec<_> = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
            found.sort();
            assert_eq!([$(stringify!($name)),*].to_vec(), found);
        }
    };
}

cases! {
    addon_missing,
    addon_of_another_node,
    app_missing,
    base_url_localhost,
    config_not_copied,
    development_dependency,
    frontend_not_bundled,
    migrations_not_packed,
    undeclared_dependency,
    unset_variable,
}
