//! Equal sources give equal images, wherever and by whomever they are built; and no secret is in them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::demo;
use crate::harness::host::{Untouched, processes};
use crate::harness::{Bench, Built, Restore, canaries, embedded, files_below, layers, run};
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

/// Built once, on one core: from a clone made in another order under another umask, in another place, language
/// and time zone, with a proxy, over poison in what git ignores; and by a user without a name, where root
/// can become one, with root file systems made by that user.
fn elsewhere() -> &'static Elsewhere {
    static ELSEWHERE: OnceLock<Elsewhere> = OnceLock::new();
    ELSEWHERE.get_or_init(|| {
        let first = demo();
        let _untouched = Untouched::new();
        let folder = embedded::passing_folder("another place, ünïcode-");
        let state = embedded::state_with(&["downloads", "caches/yarn", "caches/ccache"], "-a");
        let repo = folder.path().join("clone");
        clone_backwards(&first.bench.repo, &repo);
        poison(&repo);
        let env = environment(&repo, folder.path());
        let bench = Bench { repo, state: state.path().to_owned(), tag: first.bench.tag.clone(), env };
        let before = contents(&bench.repo);
        let (built, on_command_lines) = watched(&mut as_nobody(&bench, folder.path()));
        let built = built.expect_success();
        let changed = changed(&before, &contents(&bench.repo));
        Elsewhere { bench, built, _state: state, _folder: folder, changed, on_command_lines }
    })
}

/// Files that are not committed, and those of other commits, are not in the image of a commit.
#[test]
fn a_commit_is_built_as_it_was_committed() {
    let bench = &demo().bench;
    let file = "packages/backend/src/index.ts";
    let restore = Restore::of(bench, file);
    // Whatever was built before, the steps' last results are those of the commit after this.
    bench.append(file, "// an edit");
    bench.embedded(&[]).expect_success();
    drop(restore);
    bench.embedded(&[]).expect_success();
    let before = layers::blobs(&bench.layout(), &bench.tag);
    let _restore = Restore::of(bench, file);
    bench.append(file, "not TypeScript");
    std::fs::write(bench.repo.join("packages/backend/src/new.ts"), "nor this").unwrap();
    let built = bench.embedded(&["--from-git"]).expect_success();
    std::fs::remove_file(bench.repo.join("packages/backend/src/new.ts")).unwrap();
    // The archives are not beside the backend of that commit yet.
    assert_eq!(built.ran(), ["assemble"]);
    assert_eq!(layers::blobs(&bench.layout(), &bench.tag), before);
    assert_eq!(built.message("commit")["left_out"], 2);

    let refused = bench.embedded(&["--from-git", "no-such-branch"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("no commit is called no-such-branch"), "{}", refused.stderr);
}

fn environment(repo: &Path, home: &Path) -> Vec<(String, String)> {
    let proxy = format!("http://user:{}@127.0.0.1:9", canaries::PASSWORD);
    let home = home.display().to_string();
    let mut env = canaries::plant(repo);
    // No package is fetched any more; what the registry says of Yarn's release is.
    let settings = [
        ("HTTP_PROXY", proxy.as_str()),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("LANG", "tr_TR.UTF-8"),
        ("TZ", "Asia/Kathmandu"),
        ("HOME", &home),
    ];
    env.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env
}

/// The command line of a build by a user without a name, in a home of their own, on one core.
fn as_nobody(bench: &Bench, home: &Path) -> Command {
    let program = home.join("xtask");
    std::fs::copy(env!("CARGO_BIN_EXE_backstage-xtask"), &program).unwrap();
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]);
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        run(Command::new("chown").args(["-R", NOBODYS_ID]).args([home, &bench.state]));
        command.args(["setpriv", "--reuid", NOBODYS_ID, "--regid", NOBODYS_ID, "--clear-groups"]);
    }
    command.args(["sh", "-c", "umask 077; shift; exec \"$0\" \"$@\""]).arg(program);
    with(command, &bench.build_command(&["--engine", "embedded"]))
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
    git(&["remote", "set-url", "origin", &canaries::remote()]);
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
fn another_place_user_order_umask_and_language_give_the_same_image() {
    let (first, elsewhere) = (demo(), elsewhere());
    first.bench.embedded(&[]).expect_success();
    if first.first.id() == elsewhere.built.id() {
        return;
    }
    first.bench.embedded(&[]).expect_success();
    as_nobody(&elsewhere.bench, elsewhere.bench.repo.parent().unwrap()).output().unwrap();
    assert_same(&first.bench.layout(), &elsewhere.bench.layout(), &first.bench.tag);
    panic!("{} and {}", first.first.id(), elsewhere.built.id());
}

#[test]
fn what_git_ignores_is_neither_read_nor_written() {
    let repo = elsewhere().bench.repo.join("packages/backend/dist");
    let archives = ["bundle.tar.gz", "skeleton.tar.gz"].map(|name| repo.join(name).display().to_string());
    assert_eq!(elsewhere().changed, archives);
    let poison = embedded::grep(&["poison-of-a-test("], &[elsewhere().bench.own_state()]);
    assert_eq!(poison, Vec::<String>::new());
}

#[test]
fn a_date_that_the_caller_fixes_is_in_the_image_and_the_same_everywhere() {
    let (one, other) = (&demo().bench, &elsewhere().bench);
    let dated = |mut command: Command| Built::from(command.env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap());
    let ours = dated(one.build_command(&["--engine", "embedded"])).expect_success();
    let theirs = dated(as_nobody(other, other.repo.parent().unwrap())).expect_success();
    let ids = (ours.id(), theirs.id());
    assert_eq!(ids.0, ids.1);
    assert_ne!(ids.0, demo().first.id());
    let image = image::Layout::open(one.layout()).unwrap().image(&one.tag).unwrap();
    assert_eq!(image.annotations["org.opencontainers.image.created"], "2023-11-14T22:13:20Z");
}

#[test]
fn no_secret_is_in_what_a_build_leaves() {
    for bench in [&demo().bench, &elsewhere().bench] {
        let places = [bench.own_state(), bench.state.join("caches"), bench.repo.join("packages/backend/dist")];
        assert_eq!(embedded::grep(&canaries::ALL, &places), Vec::<String>::new());
        let in_image = embedded::grep_layers(&canaries::ALL, &bench.layout(), &bench.tag);
        assert_eq!(in_image, Vec::<String>::new());
    }
}

#[test]
fn the_search_for_secrets_finds_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leak"), format!("x{}x", canaries::TOKEN)).unwrap();
    assert_eq!(embedded::grep(&canaries::ALL, &[folder.path().to_owned()]).len(), 1);
    let bench = &demo().bench;
    assert!(!embedded::grep_layers(&["nowhere to be found", "createBackend"], &bench.layout(), &bench.tag).is_empty());
}

#[test]
fn no_secret_is_on_a_command_line_or_printed() {
    let elsewhere = elsewhere();
    assert_eq!(elsewhere.on_command_lines, Vec::<&str>::new());
    for built in [&elsewhere.built, &demo().first] {
        assert_eq!(canaries::said(built), Vec::<&str>::new());
    }
}

/// A registry that has nothing, and its port.
fn empty_registry() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 8192]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    port
}

#[test]
fn a_registry_with_credentials_in_its_address_does_not_give_them_away_when_it_fails() {
    let state = embedded::state_with(&["downloads", "roots"], "-al");
    let mut bench = demo().bench.with_state(state.path());
    bench.env.push(("CANARY_REGISTRY".to_owned(), canaries::REGISTRY.to_owned()));
    let _restore = Restore::of(&bench, ".yarnrc.yml");
    let host = format!("127.0.0.1:{}", empty_registry());
    bench.append(".yarnrc.yml", &format!("npmRegistryServer: \"http://user:${{CANARY_REGISTRY}}@{host}\""));
    bench.append(".yarnrc.yml", "unsafeHttpWhitelist: [127.0.0.1]");
    let failed = bench.embedded(&[]);
    assert_ne!(failed.code, 0);
    let address = format!("http://***@{host}/");
    assert!(failed.stderr.contains(&address), "Yarn says what it asked for: {}", failed.stderr);
    assert_eq!(embedded::grep(&[&address], &[bench.own_state().join("logs")]).len(), 1);
    assert_eq!(canaries::said(&failed), Vec::<&str>::new());
    assert_eq!(embedded::grep(&canaries::ALL, &[bench.own_state()]), Vec::<String>::new());
}

#[test]
fn no_place_of_this_machine_is_in_the_image() {
    for bench in [&demo().bench, &elsewhere().bench] {
        let place = embedded::folder().display().to_string();
        assert_eq!(embedded::grep_layers(&[&place], &bench.layout(), &bench.tag), Vec::<String>::new());
    }
}
