//! Equal sources give equal images, wherever and by whomever they are built; and no secret is in them.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::demo;
use crate::harness::host::{Untouched, processes};
use crate::harness::{Bench, Built, canaries, embedded, files_below, run};
use crate::scenarios::assert_same;

/// A user without a name.
const NOBODYS_ID: &str = "54321";

/// A build of the demo's commit that has little in common with the first.
struct Elsewhere {
    bench: Bench,
    built: Built,
    _state: TempDir,
    _folder: TempDir,
    /// What it changed in the repository.
    changed: Vec<String>,
    /// Canaries that were on a command line meanwhile.
    on_command_lines: Vec<&'static str>,
}

/// Built once: from a clone made in another order under another umask, in another language and place, with
/// a proxy and poison in what git ignores.
fn elsewhere() -> &'static Elsewhere {
    static ELSEWHERE: OnceLock<Elsewhere> = OnceLock::new();
    ELSEWHERE.get_or_init(|| {
        let _untouched = Untouched::new();
        let folder = embedded::passing_folder("another place, ünïcode-");
        let state = embedded::fresh_state();
        let repo = folder.path().join("clone");
        clone_backwards(&demo().bench.repo, &repo);
        let mut env = canaries::plant(&repo);
        let proxy = format!("http://user:{}@127.0.0.1:9", canaries::PASSWORD);
        env.extend(["HTTP_PROXY", "https_proxy"].map(|name| (name.to_owned(), proxy.clone())));
        env.extend(
            [("LC_ALL", "tr_TR.UTF-8"), ("LANG", "tr_TR.UTF-8"), ("TZ", "Asia/Kathmandu")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        poison(&repo);
        let bench = Bench { repo, state: state.path().to_owned(), tag: demo().bench.tag.clone(), env };
        let before = contents(&bench.repo);
        let mut command = Command::new("sh");
        command.args(["-c", "umask 077; exec \"$@\"", "sh"]);
        let (built, on_command_lines) = watched(&mut with(command, &bench.build_command(&["--engine", "embedded"])));
        let built = built.expect_success();
        let changed = changed(&before, &contents(&bench.repo));
        Elsewhere { bench, built, _state: state, _folder: folder, changed, on_command_lines }
    })
}

/// A command line behind another, with its environment.
fn with(mut outer: Command, inner: &Command) -> Command {
    outer.arg(inner.get_program()).args(inner.get_args());
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer.stdin(Stdio::null());
    outer
}

/// Clones, and writes the files of the work tree in reverse order and for their owner alone.
fn clone_backwards(from: &Path, to: &Path) {
    run(Command::new("git").args(["clone", "--quiet", "--no-checkout"]).arg(from).arg(to));
    let git = |arguments: &[&str]| run(Command::new("git").arg("-C").arg(to).args(arguments));
    git(&["reset", "--quiet"]);
    for path in git(&["ls-files"]).lines().rev() {
        run(Command::new("sh")
            .args(["-c", "umask 077; exec git -C \"$0\" checkout-index -- \"$1\""])
            .arg(to)
            .arg(path));
    }
}

/// Puts into a repository what a build must neither use nor touch.
fn poison(repo: &Path) {
    for path in [
        "node_modules/@backstage/cli/bin/backstage-cli",
        "node_modules/typescript/lib/typescript.js",
        "node_modules/is-number/index.js",
        "plugins/hello/node_modules/react/index.js",
        "packages/app/dist/index.html",
        "packages/backend/dist/index.cjs.js",
        "plugins/hello-backend/dist/index.cjs.js",
        "plugins/hello-common/dist/index.cjs.js",
        "dist-types/packages/backend/src/index.d.ts",
        ".yarn/install-state.gz",
        ".yarn/cache/is-number-npm-7.0.0-060086935c-10c0.zip",
        "tsconfig.tsbuildinfo",
        "packages/backend/.env",
    ] {
        let file = repo.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "poison-of-a-test(").unwrap();
    }
}

/// Content, mode and time of every file but git's own.
fn contents(repo: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32, i64)> {
    let mut files = Vec::new();
    files_below(repo, &mut files);
    files.retain(|file| !file.starts_with(repo.join(".git/objects")));
    let describe = |file: PathBuf| {
        let metadata = file.symlink_metadata().unwrap();
        (file.clone(), (std::fs::read(&file).unwrap_or_default(), metadata.mode(), metadata.mtime_nsec()))
    };
    files.into_iter().map(describe).collect()
}

fn changed<T: PartialEq>(before: &BTreeMap<PathBuf, T>, after: &BTreeMap<PathBuf, T>) -> Vec<String> {
    let paths = before.keys().chain(after.keys().filter(|path| !before.contains_key(*path)));
    paths.filter(|path| before.get(*path) != after.get(*path)).map(|path| path.display().to_string()).collect()
}

/// Runs a build; gives the canaries that were on any command line while it ran.
fn watched(command: &mut Command) -> (Built, Vec<&'static str>) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut found = Vec::new();
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                for process in processes() {
                    found.extend(canaries::found_in(&std::fs::read(process.join("cmdline")).unwrap_or_default()));
                }
                std::thread::sleep(std::time::Duration::from_millis(25));
            }
            found
        });
        let output = child.wait_with_output().unwrap();
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        (Built::from(output), watcher.join().unwrap())
    })
}

#[test]
fn another_place_order_umask_and_language_give_the_same_image() {
    let (first, elsewhere) = (demo(), elsewhere());
    first.bench.embedded(&[]).expect_success();
    elsewhere.bench.embedded(&[]).expect_success();
    assert_same(&first.bench.layout(), &elsewhere.bench.layout(), &first.bench.tag);
    assert_eq!(first.first.id(), elsewhere.built.id());
}

#[test]
fn what_git_ignores_is_neither_read_nor_written() {
    let repo = elsewhere().bench.repo.join("packages/backend/dist");
    let archives = ["bundle.tar.gz", "skeleton.tar.gz"].map(|name| repo.join(name).display().to_string());
    assert_eq!(elsewhere().changed, archives);
    let poison = embedded::grep("poison-of-a-test(", &elsewhere().bench.own_state());
    assert_eq!(poison, Vec::<String>::new());
}

#[test]
fn an_ordinary_user_on_one_core_gets_the_same_image() {
    let first = demo();
    first.bench.embedded(&[]).expect_success();
    let folder = embedded::passing_folder("user-");
    let state = embedded::state_with(&["downloads", "caches/yarn", "caches/ccache"], "-a");
    let repo = folder.path().join("demo");
    run(Command::new("cp").arg("-a").arg(&first.bench.repo).arg(&repo));
    let program = folder.path().join("xtask");
    std::fs::copy(env!("CARGO_BIN_EXE_xtask"), &program).unwrap();
    let mut env = first.bench.env.clone();
    env.extend([("LC_ALL", "C"), ("TZ", "UTC")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    env.push(("HOME".to_owned(), folder.path().display().to_string()));
    let bench = Bench { repo, state: state.path().to_owned(), tag: first.bench.tag.clone(), env };
    let build = bench.build_command(&["--engine", "embedded"]);
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]);
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root {
        run(Command::new("chown").args(["-R", NOBODYS_ID]).args([folder.path(), state.path()]));
        command.args(["setpriv", "--reuid", NOBODYS_ID, "--regid", NOBODYS_ID, "--clear-groups"]);
    }
    command.args(["sh", "-c", "umask 002; shift; exec \"$0\" \"$@\""]).arg(&program);
    let mut command = with(command, &build);
    let built = Built::from(command.output().unwrap()).expect_success();
    assert_same(&first.bench.layout(), &bench.layout(), &bench.tag);
    assert_eq!(first.first.id(), built.id());
}

#[test]
fn a_date_that_the_caller_fixes_is_in_the_image_and_the_same_everywhere() {
    let (one, other) = (&demo().bench, &elsewhere().bench);
    let dated = |bench: &Bench| {
        let mut command = bench.build_command(&["--engine", "embedded"]);
        Built::from(command.env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap()).expect_success()
    };
    let ids = (dated(one).id(), dated(other).id());
    assert_eq!(ids.0, ids.1);
    assert_ne!(ids.0, demo().first.id());
    let image = image::Layout::open(one.layout()).unwrap().image(&one.tag).unwrap();
    assert_eq!(image.annotations["org.opencontainers.image.created"], "2023-11-14T22:13:20Z");
}

#[test]
fn no_secret_is_in_what_a_build_leaves() {
    for bench in [&demo().bench, &elsewhere().bench] {
        for canary in canaries::ALL {
            let mut found = embedded::grep(canary, &bench.own_state());
            found.extend(embedded::grep(canary, &bench.state.join("caches")));
            found.extend(embedded::grep(canary, &bench.repo.join("packages/backend/dist")));
            found.extend(embedded::grep_layers(canary, &bench.layout(), &bench.tag));
            assert_eq!(found, Vec::<String>::new(), "{canary}");
        }
    }
}

#[test]
fn the_search_for_secrets_finds_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leak"), format!("x{}x", canaries::TOKEN)).unwrap();
    assert_eq!(embedded::grep(canaries::TOKEN, folder.path()).len(), 1);
    let bench = &demo().bench;
    assert!(!embedded::grep_layers("createBackend", &bench.layout(), &bench.tag).is_empty());
}

#[test]
fn no_secret_is_on_a_command_line_or_printed() {
    let elsewhere = elsewhere();
    assert_eq!(elsewhere.on_command_lines, Vec::<&str>::new());
    for text in [format!("{:?}", elsewhere.built.messages), elsewhere.built.stderr.clone()] {
        assert_eq!(canaries::found_in(text.as_bytes()), Vec::<&str>::new());
    }
}

#[test]
fn no_place_of_this_machine_is_in_the_image() {
    for bench in [&demo().bench, &elsewhere().bench] {
        let place = embedded::folder().display().to_string();
        assert_eq!(embedded::grep_layers(&place, &bench.layout(), &bench.tag), Vec::<String>::new());
    }
}
