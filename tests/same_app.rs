//! One tree through Docker and through sandboxes: the same files under /app, but for what is left out on purpose.
//!
//! Run them with `--test-threads=1`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

mod harness;

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use harness::layers::{Paths, differences};
use harness::{Bench, embedded, layers};

/// The demo; Docker's build of it has a state folder of its own.
struct Demo {
    bench: Bench,
    by_docker: Paths,
}

fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let bench = embedded::demo();
        let docker = Bench {
            tag: "backstage-xtask-test:same-app".to_owned(),
            ..bench.with_state(&embedded::folder().join("state-of-docker"))
        };
        docker.build(&["--engine", "docker"]).expect_success();
        let by_docker = exported(&docker.tag);
        Demo { bench, by_docker }
    })
}

/// What an image of Docker's holds under /app. (`docker export` leaves a mount of the container behind.)
fn exported(tag: &str) -> Paths {
    let tar = ["--create", "--directory", "/", "app"];
    let run = ["run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "tar", tag];
    let mut export = Command::new("docker").args(run).args(tar).stdout(Stdio::piped()).spawn().unwrap();
    let mut archive = export.stdout.take().unwrap();
    let paths = layers::read_tar(&mut archive);
    // What follows the archive's end, or its writer ends with a broken pipe.
    std::io::copy(&mut archive, &mut std::io::sink()).unwrap();
    assert!(export.wait().unwrap().success());
    below_app(paths)
}

fn below_app(mut paths: Paths) -> Paths {
    paths.retain(|path, _| path == "app" || path.starts_with("app/"));
    paths
}

/// What the embedded engine's image holds under /app.
fn assembled(flags: &[&str]) -> Paths {
    let bench = &demo().bench;
    bench.embedded(flags).expect_success();
    below_app(layers::image(&bench.layout(), &bench.tag))
}

#[test]
fn with_everything_kept_it_is_the_same_app() {
    let ours = assembled(&["--runtime", "slim", "--keep", "all"]);
    assert!(ours.len() > 10_000, "{} paths", ours.len());
    assert!(ours.values().all(|entry| entry.owner == (1000, 1000)));
    let found = differences(&demo().by_docker, &ours);
    assert!(found.is_empty(), "{} paths differ:\n{}", found.len(), found.join("\n"));
}

/// Ends of names that are left out of an installed package.
const ENDS: &[&str] = &[".map", ".ts", ".tsx", ".mts", ".cts", ".flow", ".md", ".markdown"];
/// Folders of a package that are left out, whatever they hold.
const FOLDERS: &[&str] = &[
    ".github",
    "__tests__",
    "bench",
    "benchmark",
    "benchmarks",
    "coverage",
    "doc",
    "docs",
    "example",
    "examples",
    "spec",
    "test",
    "tests",
];
/// What compiles config schemas written in TypeScript, of which this app has none.
const COMPILER: &[&str] =
    &["typescript/", "ts-json-schema-generator/", ".bin/tsc", ".bin/tsserver", ".bin/ts-json-schema-generator"];
/// Ends of names that only a compiler of native code reads, or writes on the way.
const NATIVE: &[&str] =
    &[".c", ".cc", ".cpp", ".h", ".hpp", ".gyp", ".gypi", ".mk", ".o", ".a", ".d", ".stamp", "Makefile"];

/// Whether a path is left out on purpose.
fn is_left_out_by_design(path: &str) -> bool {
    let Some((_, inside)) = path.rsplit_once("node_modules/") else {
        // Of the app's own files, only source maps.
        return path.ends_with(".map");
    };
    let name_ends =
        if inside.starts_with('@') { inside.match_indices('/').nth(1) } else { inside.match_indices('/').next() };
    let inside_package = name_ends.map_or("", |(end, _)| &inside[end + 1..]).to_lowercase();
    let folder = inside_package.split_once('/').map(|(folder, _)| folder);
    let is_foreign = folder == Some("prebuilds") && !inside_package.starts_with("prebuilds/linux-x64/");
    let is_intermediate =
        inside_package.contains("build/release/obj.target/") || inside_package.contains("build/release/.deps/");
    ENDS.iter().any(|end| inside_package.ends_with(end))
        || folder.is_some_and(|folder| FOLDERS.contains(&folder))
        || COMPILER.iter().any(|start| inside.starts_with(start))
        || NATIVE.iter().any(|end| path.ends_with(end))
        || is_foreign
        || is_intermediate
}

#[test]
fn without_flags_it_is_the_same_app_but_for_what_nothing_reads() {
    let ours = assembled(&[]);
    let mut expected = demo().by_docker.clone();
    let is_file = |path: &str| !path.is_empty() && expected[path].content != "folder";
    let gone: Vec<String> =
        expected.keys().filter(|path| !ours.contains_key(*path) && is_file(path)).cloned().collect();
    let unexcused: Vec<_> = gone.iter().filter(|path| !is_left_out_by_design(path)).collect();
    println!("{} files are left out of {}", gone.len(), expected.len());
    assert!(unexcused.is_empty(), "{} files are missing:\n{unexcused:#?}", unexcused.len());
    // A folder of which nothing was kept is no folder.
    expected.retain(|path, entry| ours.contains_key(path) || entry.content != "folder");
    expected.retain(|path, _| gone.binary_search(path).is_err());
    assert_eq!(differences(&expected, &ours), Vec::<String>::new());
}

#[test]
fn nothing_is_left_out_that_a_kept_program_requires() {
    assembled(&[]);
    let bench = &demo().bench;
    let ours = layers::image(&bench.layout(), &bench.tag);
    let mut missing = Vec::new();
    for blob in layers::blobs(&bench.layout(), &bench.tag) {
        layers::each_program(layers::open(&bench.layout(), &blob), |path, text| {
            for target in required(text) {
                let found = resolved(&demo().by_docker, path, target);
                missing.extend(found.filter(|found| !ours.contains_key(found)).map(|found| format!("{path}: {found}")));
            }
        });
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// Relative paths that a program requires.
fn required(text: &str) -> impl Iterator<Item = &str> {
    text.split("require(").skip(1).filter_map(|rest| {
        let quote = rest.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
        let target = rest[1..].split(quote).next()?;
        target.starts_with('.').then_some(target)
    })
}

/// The file that Node takes for a relative path, when there is one.
fn resolved(paths: &Paths, program: &str, target: &str) -> Option<String> {
    let mut folders: Vec<&str> = program.split('/').collect();
    folders.pop();
    for word in target.split('/') {
        match word {
            "" | "." => {}
            ".." => drop(folders.pop()),
            name => folders.push(name),
        }
    }
    let base = folders.join("/");
    let candidates = ["", ".js", ".json", ".node", ".cjs", "/index.js", "/index.json", "/package.json"];
    let mut candidates = candidates.into_iter().map(|end| format!("{base}{end}"));
    candidates.find(|path| paths.get(path).is_some_and(|entry| entry.content != "folder"))
}
