//! What a build must leave on this machine as it was.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// The devices and mounts of this machine; when it is dropped, they must be the same, and no process of a
/// sandbox may be left.
pub struct Untouched(BTreeSet<String>);

impl Untouched {
    pub fn new() -> Self {
        Self(state())
    }
}

impl Drop for Untouched {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let now = state();
            let changed: Vec<_> = self.0.symmetric_difference(&now).collect();
            assert!(changed.is_empty(), "the machine changed: {changed:?}");
            no_sandbox_is_left();
        }
    }
}

/// Devices with their kind and owner, and mount points. Containers and terminals come and go.
fn state() -> BTreeSet<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mounts = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let mut found: BTreeSet<String> =
        mounts.filter(|point| !point.contains("/docker")).map(|point| format!("mount {point}")).collect();
    devices(Path::new("/dev"), &mut found);
    found
}

fn devices(folder: &Path, found: &mut BTreeSet<String>) {
    use std::os::unix::fs::MetadataExt;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        let passing =
            ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/hugepages"].iter().any(|name| path == Path::new(name));
        found.insert(format!("{} {:o} {} {}", path.display(), metadata.mode(), metadata.uid(), metadata.rdev()));
        if metadata.is_dir() && !passing {
            devices(&path, found);
        }
    }
}

/// Waits for a moment until no process is in a sandbox of these tests, and none is about to make one.
pub fn no_sandbox_is_left() {
    let start = Instant::now();
    loop {
        let left = sandboxed();
        if left.is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "processes are left: {left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Command lines of processes that see our state folder mounted, or are told to mount it.
fn sandboxed() -> Vec<String> {
    let ours = super::embedded::folder().display().to_string();
    let mut found = Vec::new();
    for process in processes() {
        let read =
            |name: &str| String::from_utf8_lossy(&std::fs::read(process.join(name)).unwrap_or_default()).into_owned();
        let command = read("cmdline").replace('\0', " ");
        let is_bubblewrap = command.split(' ').next().is_some_and(|program| program.ends_with("bwrap"));
        // In a sandbox the sources of mounts are below our folder, their places are not.
        let is_source = |line: &str| line.split(' ').nth(3).is_some_and(|source| source.contains(&ours));
        let is_inside = read("mountinfo").lines().any(is_source);
        if (is_bubblewrap && command.contains(&ours)) || is_inside {
            found.push(command);
        }
    }
    found
}

/// The folders of all processes in `/proc`.
pub fn processes() -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbered =
        entries.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()));
    numbered.map(|entry| entry.path()).collect()
}

/// Processes by number and start, which no later process shares.
pub type Family = BTreeSet<(u32, String)>;

/// A process and all that it started, directly or not.
pub fn family(first: u32) -> Family {
    let all: Vec<_> = processes().iter().filter_map(|folder| stat(folder)).collect();
    let mut found = BTreeSet::from([first]);
    while let Some((id, ..)) = all.iter().find(|(id, parent, ..)| found.contains(parent) && !found.contains(id)) {
        found.insert(*id);
    }
    all.into_iter().filter(|(id, ..)| found.contains(id)).map(|(id, _, start, _)| (id, start)).collect()
}

/// Waits until a process has started a database and the supervisor of a backend, and gives all that it started.
pub fn booting_family(first: u32) -> Family {
    let start = Instant::now();
    loop {
        let family = family(first);
        let commands: Vec<String> = family.iter().map(|(id, _)| command_line(*id)).collect();
        // In its sandbox, not the sandbox's own process, whose last word that is too; or in a container.
        let is_booting = |command: &String| command.contains("supervisor.js") && !command.contains("--die-with-parent");
        if family.len() > 5 && commands.iter().any(is_booting) {
            return family;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "only {commands:?} run");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn command_line(process: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

fn is_alive(process: &(u32, String)) -> bool {
    let found = stat(&Path::new("/proc").join(process.0.to_string()));
    found.is_some_and(|(_, _, start, state)| start == process.1 && state != "Z")
}

/// Number, parent, start and state of a process (proc(5), `/proc/PID/stat`).
fn stat(folder: &Path) -> Option<(u32, u32, String, String)> {
    let text = std::fs::read_to_string(folder.join("stat")).ok()?;
    let (id, rest) = (text.split(' ').next()?.parse().ok()?, text.rsplit_once(") ")?.1);
    let words: Vec<_> = rest.split(' ').collect();
    Some((id, words[1].parse().ok()?, words[19].to_owned(), words[0].to_owned()))
}

/// Names of the containers that we run.
pub fn containers() -> Vec<String> {
    let (names, _) = super::docker(&["ps", "--all", "--format", "{{.Names}}", "--filter", "name=backstage-xtask-run-"]);
    names.lines().map(str::to_owned).collect()
}

/// Waits for a moment until none of these processes, and no container of ours, is left.
pub fn wait_for_end(family: &Family) {
    let start = Instant::now();
    loop {
        let left: Vec<_> = family.iter().filter(|process| is_alive(process)).collect();
        if left.is_empty() && containers().is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "left: {left:?} {:?}", containers());
        std::thread::sleep(Duration::from_millis(50));
    }
}
