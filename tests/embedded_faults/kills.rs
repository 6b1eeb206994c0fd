//! Killed and interrupted at many moments.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::host::{Untouched, no_sandbox_is_left};
use crate::harness::{Restore, run};
use crate::{APP_SOURCE, BACKEND_MANIFEST, BACKEND_SOURCE, Demo, demo};

/// When a build is stopped.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So many milliseconds after it began.
    After(u64),
    /// So many milliseconds after a message that has these words.
    Message([&'static str; 2], u64),
}

/// The message that a step began.
const fn start(step: &'static str) -> [&'static str; 2] {
    ["\"step-started\"", step]
}

/// Starts a build, and waits for the moment.
fn build_until(demo: &Demo, moment: Moment) -> Child {
    let mut command = demo.bench.build_command(&["--engine", "embedded"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let delay = match moment {
        Moment::After(delay) => delay,
        Moment::Message(words, delay) => {
            let mut reader = BufReader::new(child.stdout.as_mut().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 0 && !words.iter().all(|word| line.contains(word)) {
                line.clear();
            }
            delay
        }
    };
    std::thread::sleep(Duration::from_millis(delay));
    child
}

/// Kills a build at each of the moments. Gives how many were still running.
fn kill_at(demo: &Demo, moments: impl Iterator<Item = Moment>, mut edit: impl FnMut(usize)) -> usize {
    let mut killed = 0;
    for (number, moment) in moments.enumerate() {
        edit(number);
        let mut child = build_until(demo, moment);
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        no_sandbox_is_left();
    }
    killed
}

/// How long a build takes that nobody disturbs, in milliseconds.
fn duration_of_an_edit(demo: &Demo) -> u64 {
    let _source = Restore::of(&demo.bench, BACKEND_SOURCE);
    demo.bench.append(BACKEND_SOURCE, "console.log('how long');");
    let start = Instant::now();
    demo.bench.embedded(&[]).expect_success();
    u64::try_from(start.elapsed().as_millis()).unwrap()
}

#[test]
fn killed_while_the_backend_is_built_or_the_image_assembled() {
    let demo = demo();
    let _untouched = Untouched::new();
    let source = Restore::of(&demo.bench, BACKEND_SOURCE);
    let whole = duration_of_an_edit(demo);
    let by_time = (0..10).map(|part| Moment::After(whole * part / 10));
    let assembling = (0..6).map(|part| Moment::Message(start("assemble"), whole * part / 18));
    let publishing = (0..4).map(|part| Moment::Message(["\"step-finished\"", "assemble"], part * 12));
    let moments = by_time.chain(assembling).chain(publishing);
    let killed = kill_at(demo, moments, |number| demo.bench.append(BACKEND_SOURCE, &format!("console.log({number});")));
    assert!(killed >= 14, "only {killed} of 20 builds were still running");
    drop(source);
    demo.builds_as_ever();
}

#[test]
fn killed_while_the_app_is_built() {
    let demo = demo();
    let _untouched = Untouched::new();
    let source = Restore::of(&demo.bench, APP_SOURCE);
    let moments = [0, 100, 700, 2000, 4000].map(|delay| Moment::Message(start("build-app"), delay));
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
    let install = [0, 600, 2500, 6000].map(|delay| Moment::Message(start("install"), delay));
    kill_at(demo, install.into_iter(), |_| {});
    let production = [0, 600, 3000].map(|delay| Moment::Message(start("production-dependencies"), delay));
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
    is_interrupted(demo, Moment::Message(start("assemble"), 0), "catalog/entities.yaml", "# no step runs");
    assert!(demo.named() == before);
    let moments = [
        Moment::After(300),
        Moment::Message(start("build-backend"), 0),
        Moment::Message(start("build-backend"), 700),
        Moment::Message(start("assemble"), 0),
        Moment::Message(start("assemble"), 300),
        Moment::Message(["\"step-started\"", "typecheck"], 100),
    ];
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
