//! A state folder that is full, or that nobody may write to.

use std::os::unix::fs::MetadataExt;
use std::process::{Command, Output, Stdio};

use crate::harness::host::Untouched;
use crate::harness::skip::{record, skip};
use crate::harness::{Restore, embedded};
use crate::{BACKEND_SOURCE, EDIT, demo};

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Builds in a mount namespace of its own, after `prepare` has mounted what it likes; the state folder is `$1`.
fn build_after(prepare: &str, state: &std::path::Path) -> Output {
    let bench = demo().bench.with_state(state);
    let build = bench.build_command(&["--engine", "embedded"]);
    let script = format!("set -e; {prepare}; shift; exec \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, "sh"]).arg(state).arg(build.get_program()).args(build.get_args());
    command.envs(build.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).output().unwrap()
}

fn says(output: &Output, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word} is not in: {stderr}");
    }
}

#[test]
fn a_full_disk_is_named_before_anything_is_fetched() {
    if !is_root() {
        skip!("mounting a small tmpfs needs root");
    }
    demo();
    let _untouched = Untouched::new();
    let state = embedded::passing_folder("full-");
    let output = build_after("mount -t tmpfs -o size=1m tmpfs \"$1\"", state.path());
    says(&output, &[&state.path().display().to_string(), "its disk is full", "hint: make room there"]);
}

#[test]
fn a_disk_that_fills_up_while_packages_are_installed_is_the_environments_fault() {
    if !is_root() {
        skip!("mounting a small tmpfs needs root");
    }
    let demo = demo();
    let _untouched = Untouched::new();
    let state = embedded::fresh_state();
    let (shared, own) = (&demo.bench.state, demo.bench.own_state());
    let own = state.path().join(own.strip_prefix(shared).unwrap());
    std::fs::create_dir(&own).unwrap();
    let output = build_after(&format!("mount -t tmpfs -o size=48m tmpfs '{}'", own.display()), state.path());
    says(&output, &["the step install failed", "hint: the disk is full: `cargo xtask clean --report`"]);
}

#[test]
fn a_disk_that_fills_up_while_the_image_is_assembled_leaves_the_earlier_image() {
    if !is_root() {
        skip!("mounting a small tmpfs needs root");
    }
    let _untouched = Untouched::new();
    let demo = demo();
    demo.bench.embedded(&[]).expect_success();
    let before = demo.named();
    let source = Restore::of(&demo.bench, BACKEND_SOURCE);
    demo.bench.append(BACKEND_SOURCE, EDIT);
    let (own, full) = (demo.bench.own_state(), embedded::passing_folder("full-"));
    // Over the layout lies a full disk with a copy of all that is in it.
    let prepare = format!(
        "cd '{}'; full='{}'; mount -t tmpfs -o size=90m tmpfs \"$full\"; cp -a image/. \"$full\"; \
         dd if=/dev/zero of=\"$full/filler\" bs=1k 2>/dev/null || true; mount --move \"$full\" image",
        own.display(),
        full.path().display()
    );
    let output = build_after(&prepare, &demo.bench.state);
    says(&output, &["/image", "No space left on device", "hint: make room on its disk"]);
    assert!(demo.named() == before);
    drop(source);
    demo.builds_as_ever();
}

#[test]
fn a_state_folder_that_cannot_be_written_to_is_named() {
    let _untouched = Untouched::new();
    let demo = demo();
    let before = demo.named();
    let output = if is_root() {
        build_after("mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\"", &demo.bench.state)
    } else {
        let bench = demo.bench.with_state(std::path::Path::new("/proc/state"));
        bench.build_command(&["--engine", "embedded"]).output().unwrap()
    };
    says(&output, &["state", "hint: name a writable folder with `--state-dir DIR`"]);
    assert!(demo.named() == before);
}
