//! Several builds at once, and clocks that disagree.

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::harness::host::{Untouched, no_sandbox_is_left};
use crate::harness::{Bench, Built, Restore, embedded, files_below, run};
use crate::{BACKEND_SOURCE, EDIT, demo};

#[test]
fn a_second_build_of_a_repository_waits_for_the_first() {
    let _untouched = Untouched::new();
    let demo = demo();
    demo.bench.embedded(&[]).expect_success();
    let source = Restore::of(&demo.bench, BACKEND_SOURCE);
    demo.bench.append(BACKEND_SOURCE, EDIT);
    let mut first = demo.bench.build_command(&["--engine", "embedded"]);
    let first = first.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lock = demo.bench.own_state().join("lock");
    while std::fs::File::open(&lock).unwrap().try_lock().is_ok() {}
    let mut second = demo.bench.xtask(&["build-image", "--engine", "embedded", "--tag", &demo.bench.tag]);
    let second = second.output().unwrap();
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.success(), "{stderr}");
    assert!(stderr.contains("another build of this repository is running; waiting"), "{stderr}");
    assert_eq!(Built::from(first.wait_with_output().unwrap()).expect_success().id(), demo.edited);
    assert_eq!(demo.named().unwrap().0, demo.edited);
    drop(source);
    demo.builds_as_ever();
}

#[test]
fn two_repositories_share_a_state_folder_at_once() {
    let _untouched = Untouched::new();
    let demo = demo();
    let folder = embedded::passing_folder("other-");
    let repo = folder.path().join("other");
    run(Command::new("cp").arg("-a").arg(&demo.bench.repo).arg(&repo));
    let env = demo.bench.env.clone();
    let other = Bench { repo, state: demo.bench.state.clone(), tag: demo.bench.tag.clone(), env };
    std::thread::scope(|scope| {
        let building = scope.spawn(|| other.embedded(&["--no-typecheck"]).expect_success());
        for _ in 0..2 {
            assert_eq!(demo.bench.embedded(&[]).expect_success().id(), demo.plain);
            let _source = Restore::of(&demo.bench, BACKEND_SOURCE);
            demo.bench.append(BACKEND_SOURCE, EDIT);
            assert_eq!(demo.bench.embedded(&[]).expect_success().id(), demo.edited);
        }
        assert_eq!(building.join().unwrap().id(), demo.plain);
    });
    // A repository that is gone takes its state with it, at the next build of any other.
    let own = other.own_state();
    drop(folder);
    demo.builds_as_ever();
    assert!(!own.exists());
    no_sandbox_is_left();
}

#[test]
fn a_clock_that_was_set_back_changes_nothing() {
    let demo = demo();
    demo.bench.embedded(&[]).expect_success();
    let future = SystemTime::now() + Duration::from_secs(400 * 24 * 60 * 60);
    let mut files = Vec::new();
    for part in ["image", "parts", "embedded/records"] {
        files_below(&demo.bench.own_state().join(part), &mut files);
    }
    let names = ["last-build.json", "layers.json", "lock", "sizes.json"];
    files.extend(names.map(|name| demo.bench.own_state().join(name)));
    files_below(&demo.bench.repo.join("packages/backend/dist"), &mut files);
    for file in files {
        std::fs::File::open(file).unwrap().set_modified(future).unwrap();
    }
    assert!(demo.bench.embedded(&[]).expect_success().ran().is_empty());
    demo.builds_as_ever();
}

#[test]
fn an_old_clock_takes_nothing_that_is_in_use() {
    let demo = demo();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for entry in std::fs::read_dir(demo.bench.state.join("roots")).unwrap().flatten() {
        let _ = std::fs::File::open(entry.path()).and_then(|file| file.set_modified(long_ago));
    }
    std::fs::File::open(demo.bench.own_state().join("lock")).unwrap().set_modified(long_ago).unwrap();
    demo.builds_as_ever();
}
