//! How long `verify-artifacts` keeps one core busy with large archives, and how much memory it takes.
//!
//! `cargo test --package xtask --features end-to-end --test archives -- --nocapture` prints the figures.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement prints, or fails")]

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

/// Local packages of the bundle; each unpacks to a megabyte, the app to eight more.
const PACKAGES: [usize; 3] = [125, 250, 500];
/// Scripts of each package, with a source and a map.
const SCRIPTS: usize = 8;
const SOURCE: usize = 12_000;
const SCRIPT: usize = 100_000;
/// Text in the app's map that is of installed packages.
const APP_MAP: usize = 6_000_000;
/// Places where a text may begin.
const STARTS: usize = 4 << 20;
/// What the command may take, whatever the size.
const MOST_MEMORY: u64 = 64 << 20;
const RUNS: usize = 3;

const ROOT: &str = r#"{"name": "root", "private": true, "workspaces": ["packages/*", "plugins/*"],
"engines": {"node": "24"}, "packageManager": "yarn@4.13.0"}"#;
const APP: &str = r#"{"name": "app", "bundled": true, "backstage": {"role": "frontend"}, "files": ["dist"]}"#;

/// Words, some of them often; as hard to compress as code.
struct Words(String);

impl Words {
    fn new() -> Self {
        let mut state = 1u64;
        let mut text = String::new();
        while text.len() < STARTS + APP_MAP {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let end = if state >> 60 == 0 { " +\n" } else { " + " };
            let _ = write!(text, "word{}{end}", (state >> 40) % 3000);
        }
        Self(text)
    }

    /// A text of this size, another one for each number.
    fn text(&self, number: usize, size: usize) -> &str {
        &self.0[(number * 7919) % STARTS..][..size]
    }
}

/// Writes a repository and the archives of its backend.
struct Maker<'a> {
    root: &'a Path,
    words: &'a Words,
    packages: usize,
    bundle: tar::Builder<GzEncoder<File>>,
    skeleton: tar::Builder<GzEncoder<File>>,
}

impl<'a> Maker<'a> {
    fn new(root: &'a Path, words: &'a Words, packages: usize) -> Self {
        let dist = root.join("packages/backend/dist");
        std::fs::create_dir_all(&dist).unwrap();
        let archive = |name| {
            let file = File::create(dist.join(name)).unwrap();
            tar::Builder::new(GzEncoder::new(file, Compression::fast()))
        };
        Self { root, words, packages, bundle: archive("bundle.tar.gz"), skeleton: archive("skeleton.tar.gz") }
    }

    fn in_repository(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn in_bundle(&mut self, path: &str, text: &str) {
        append(&mut self.bundle, path, text);
    }

    fn manifest(&mut self, folder: &str, text: &str) {
        let path = format!("{folder}/package.json");
        self.in_repository(&path, text);
        self.in_bundle(&path, text);
        append(&mut self.skeleton, &path, text);
    }

    fn make(mut self) {
        let names: Vec<String> = (0..self.packages).map(|number| format!("p{number}")).collect();
        let lock = lockfile(&names);
        for (path, text) in [("package.json", ROOT), ("yarn.lock", &lock)] {
            self.in_repository(path, text);
            self.in_bundle(path, text);
        }
        self.in_repository(".yarnrc.yml", "nodeLinker: node-modules\n");
        let mut dependencies: serde_json::Map<_, _> =
            names.iter().map(|name| (name.clone(), json!("workspace:^"))).collect();
        dependencies.insert("app".to_owned(), json!("link:../app"));
        let backend = json!({
            "name": "backend", "main": "./dist/index.cjs.js", "backstage": {"role": "backend"},
            "dependencies": dependencies, "files": ["dist"],
        });
        self.manifest("packages/backend", &backend.to_string());
        self.in_bundle("packages/backend/dist/index.cjs.js", "start()");
        for (number, name) in names.iter().enumerate() {
            self.package(number, name);
        }
        self.app(&names);
        self.bundle.into_inner().unwrap().finish().unwrap();
        self.skeleton.into_inner().unwrap().finish().unwrap();
    }

    fn package(&mut self, number: usize, name: &str) {
        let folder = format!("plugins/{name}");
        let manifest = json!({"name": name, "main": "dist/0.cjs.js", "backstage": {"role": "backend-plugin"}});
        self.manifest(&folder, &manifest.to_string());
        for script in 0..SCRIPTS {
            let text = self.words.text(number * SCRIPTS + script, SCRIPT);
            let source = self.source(number, script);
            self.in_repository(&format!("{folder}/src/{script}.ts"), source);
            // The text may begin and end within a sum.
            self.in_bundle(&format!("{folder}/dist/{script}.cjs.js"), &format!("run(0, {text} + 0);"));
            let map = json!({
                "version": 3, "sources": [format!("../src/{script}.ts")], "sourcesContent": [source],
                "names": [], "mappings": &text[..SOURCE],
            });
            self.in_bundle(&format!("{folder}/dist/{script}.cjs.js.map"), &map.to_string());
        }
    }

    fn source(&self, number: usize, script: usize) -> &'a str {
        self.words.text(31 * number + script, SOURCE)
    }

    /// An app with one large map, of installed packages and of some of the local ones.
    fn app(&mut self, names: &[String]) {
        self.manifest("packages/app", APP);
        for (path, text) in [
            (".config-schema.json", "{}"),
            ("index.html", "<script src=/static/main.js></script>"),
            ("static/main.js", "run()"),
        ] {
            self.in_bundle(&format!("packages/app/dist/{path}"), text);
        }
        let mut sources = vec!["webpack://app/../../node_modules/x/index.js".to_owned()];
        let mut texts = vec![self.words.text(0, APP_MAP)];
        for (number, name) in names.iter().enumerate().take(100) {
            sources.push(format!("webpack://app/../../plugins/{name}/src/0.ts"));
            texts.push(self.source(number, 0));
        }
        let map = json!({"version": 3, "sources": sources, "sourcesContent": texts, "names": [], "mappings": ""});
        self.in_bundle("packages/app/dist/static/main.js.map", &map.to_string());
    }
}

fn append(archive: &mut tar::Builder<GzEncoder<File>>, path: &str, text: &str) {
    let mut header = tar::Header::new_ustar();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, path, text.as_bytes()).unwrap();
}

fn lockfile(names: &[String]) -> String {
    let mut text = "__metadata:\n  version: 8\n  cacheKey: 10c0\n".to_owned();
    let mut entry = |descriptors: &str, resolution: &str, dependencies: &str| {
        let _ = write!(text, "\n\"{descriptors}\":\n  version: 0.0.0-use.local\n  resolution: \"{resolution}\"\n");
        let _ = write!(text, "{dependencies}  languageName: unknown\n  linkType: soft\n");
    };
    let mut dependencies = "  dependencies:\n    app: \"link:../app\"\n".to_owned();
    for name in names {
        let _ = writeln!(dependencies, "    {name}: \"workspace:^\"");
        let local = format!("{name}@workspace:plugins/{name}");
        entry(&format!("{name}@workspace:^, {local}"), &local, "");
    }
    let link = "app@link:../app::locator=backend%40workspace%3Apackages%2Fbackend";
    entry(link, link, "");
    entry("app@workspace:packages/app", "app@workspace:packages/app", "");
    entry("backend@workspace:packages/backend", "backend@workspace:packages/backend", &dependencies);
    entry("root@workspace:.", "root@workspace:.", "");
    text
}

/// One run of the command on one core: how long the core was busy with it, and the most memory it had.
fn run(root: &Path) -> (f64, u64) {
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", "0", env!("CARGO_BIN_EXE_backstage-xtask"), "verify-artifacts", "--quiet", "--repo"])
        .arg(root);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let (mut busy, mut peak) = (0.0, 0);
    while child.try_wait().unwrap().is_none() {
        // Both only grow, and a process that has ended tells neither.
        busy = busy_seconds(child.id()).unwrap_or(busy);
        peak = peak_memory(child.id()).unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let findings: Vec<_> = text.lines().filter(|line| !line.starts_with(' ')).skip(1).collect();
    // The scripts of the larger ones are more than the limit allows, which is said.
    let unseen = findings.iter().filter(|line| !line.starts_with("note BX045"));
    assert!(output.status.success() && unseen.eq(&["warning BX038 bundle.tar.gz"]), "{text}");
    (busy, peak)
}

/// How long a process kept a core busy, by itself and through the kernel (proc(5), `utime` and `stime`).
fn busy_seconds(process: u32) -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(|ticks| ticks.parse::<f64>().ok());
    Some((times.next()?? + times.next()??) / TICKS_PER_SECOND)
}

/// The most memory that a process has had, which the kernel remembers (proc(5), `VmHWM`).
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
}

#[test]
fn time_grows_with_the_archives_and_memory_does_not() {
    let words = Words::new();
    println!("packages  packed MB  unpacked MB  seconds  MiB");
    let measured = PACKAGES.map(|packages| {
        let folder = tempfile::tempdir().unwrap();
        Maker::new(folder.path(), &words, packages).make();
        let mut runs: Vec<_> = (0..RUNS).map(|_| run(folder.path())).collect();
        runs.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (busy, peak) = (runs[RUNS / 2].0, runs.iter().map(|(_, peak)| *peak).max().unwrap());
        let bundle = folder.path().join("packages/backend/dist/bundle.tar.gz").metadata().unwrap().len();
        let unpacked = packages + 8;
        println!("{packages:>8} {:>10} {unpacked:>12} {:>8.2} {:>4}", bundle / 1_000_000, busy, peak >> 20);
        (busy, peak)
    });
    for (_, peak) in measured {
        assert!(peak <= MOST_MEMORY, "{} MiB", peak >> 20);
    }
    let growth = measured[2].0 / measured[0].0;
    assert!(growth < 4.5, "four times the archives take {growth:.1} times as long");
}
