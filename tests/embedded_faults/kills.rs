//! Killed and interrupted at many moments.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::host::{Untouched, no_sandbox_is_left};
use crate::harness::{Restore, run};
use crate::{APP_SOURCE, BACKEND_MANIFEST, BACKEND_SOURCE, Demo, demo};

/// When a build is stopped: so many milliseconds after a message that has these words.
#[derive(Debug, Clone, Copy)]
struct Moment {
    message: [&'static str; 2],
    delay: u64,
}

impl Moment {
    /// At once: what the message announces is still to be done, so that the build cannot have ended.
    const fn at(message: [&'static str; 2]) -> Self {
        Self { message, delay: 0 }
    }

    /// When a step begins.
    const fn start_of(step: &'static str) -> Self {
        Self::at(["\"step-started\"", step])
    }

    /// A fixed time later, when the build is wherever this machine has got to; it may have ended.
    const fn and(self, delay: u64) -> Self {
        Self { delay, ..self }
    }
}

/// Starts a build, and waits for the moment.
fn build_until(demo: &Demo, moment: Moment) -> Child {
    let mut command = demo.bench.build_command(&["--engine", "embedded"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.as_mut().unwrap());
    let mut line = String::new();
    while !moment.message.iter().all(|word| line.contains(word)) {
        line.clear();
        if reader.read_line(&mut line).unwrap() == 0 {
            // An earlier build may have finished the step before it was killed.
            assert!(moment.delay > 0, "the build ended without the message of {moment:?}");
            break;
        }
    }
    std::thread::sleep(Duration::from_millis(moment.delay));
    child
}

/// Kills a build at each of the moments.
fn kill_at(demo: &Demo, moments: impl Iterator<Item = Moment>, mut edit: impl FnMut(usize)) {
    for (number, moment) in moments.enumerate() {
        edit(number);
        let mut child = build_until(demo, moment);
        let _ = child.kill();
        let status = child.wait().unwrap();
        assert!(moment.delay > 0 || status.signal() == Some(9), "{moment:?}: {status}");
        no_sandbox_is_left();
    }
}

#[test]
fn killed_while_the_backend_is_built_or_the_image_assembled() {
    let demo = demo();
    let _untouched = Untouched::new();
    let source = Restore::of(&demo.bench, BACKEND_SOURCE);
    let building = ["typecheck", "build-backend", "assemble"].map(Moment::start_of);
    let later = [40, 120, 300, 700, 1500].map(|delay| Moment::start_of("build-backend").and(delay));
    let assembling = [20, 60, 150, 300, 600].map(|delay| Moment::start_of("assemble").and(delay));
    let publishing = [1, 12, 24, 36, 72, 144].map(|delay| Moment::at(["\"step-finished\"", "assemble"]).and(delay));
    let moments = building.into_iter().chain(later).chain(assembling).chain(publishing);
    kill_at(demo, moments, |number| demo.bench.append(BACKEND_SOURCE, &format!("console.log({number});")));
    drop(source);
    demo.builds_as_ever();
}

#[test]
fn killed_while_the_app_is_built() {
    let demo = demo();
    let _untouched = Untouched::new();
    let source = Restore::of(&demo.bench, APP_SOURCE);
    let moments = [0, 100, 700, 2000, 4000].map(|delay| Moment::start_of("build-app").and(delay));
    kill_at(demo, moments.into_iter(), |number| demo.bench.append(APP_SOURCE, &format!("console.log({number});")));
    drop(source);
    demo.builds_as_ever();
}

#[test]
fn killed_while_packages_are_installed() {
    let demo = demo();
    let _untouched = Untouched::new();
    let (manifest, lockfile) = (Restore::of(&demo.bench, BACKEND_MANIFEST), Restore::of(&demo.bench, "yarn.lock"));
    demo.bench.add_dependency();
    let install = [0, 600, 2500, 6000].map(|delay| Moment::start_of("install").and(delay));
    kill_at(demo, install.into_iter(), |_| {});
    let production = [0, 600, 3000].map(|delay| Moment::start_of("production-dependencies").and(delay));
    kill_at(demo, production.into_iter(), |_| {});
    drop((manifest, lockfile));
    demo.builds_as_ever();
}

#[test]
fn interrupted_it_says_so_and_the_image_is_that_of_before() {
    let demo = demo();
    let _untouched = Untouched::new();
    demo.bench.embedded(&[]).expect_success();
    let before = demo.named();
    is_interrupted(demo, Moment::start_of("assemble"), "catalog/entities.yaml", "# no step runs");
    assert!(demo.named() == before);
    let moments = ["typecheck", "build-backend", "assemble"].map(Moment::start_of);
    for (number, moment) in moments.into_iter().enumerate() {
        is_interrupted(demo, moment, BACKEND_SOURCE, &format!("console.log({number});"));
        assert!(demo.named() == before, "{moment:?}");
    }
}

/// Edits a file, and interrupts the build at a moment.
fn is_interrupted(demo: &Demo, moment: Moment, path: &str, edit: &str) {
    let _file = Restore::of(&demo.bench, path);
    demo.bench.append(path, edit);
    let child = build_until(demo, moment);
    run(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let start = Instant::now();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{moment:?}: {stderr}");
    assert!(start.elapsed() < Duration::from_secs(10), "{moment:?}: {:?}", start.elapsed());
    assert!(stderr.contains("interrupted; the previous image and artifacts are untouched"), "{stderr}");
    no_sandbox_is_left();
    assert_eq!(demo.bench.leftovers(), Vec::<String>::new(), "{moment:?}");
}
