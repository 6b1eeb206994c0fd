//! Files of the state that are cut short or have a wrong byte.

use std::path::{Path, PathBuf};

use crate::demo;
use crate::harness::{Restore, files_below};

/// What happens to a file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Cut,
    Flip,
    Empty,
    Gone,
}

fn damage(file: &Path, how: Damage) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    match how {
        Damage::Cut => bytes.truncate(middle),
        Damage::Flip => bytes[middle] ^= 1,
        Damage::Empty => bytes.clear(),
        Damage::Gone => return std::fs::remove_file(file).unwrap(),
    }
    std::fs::write(file, bytes).unwrap();
}

/// Damages files of the state in each of the ways; after it, builds are as ever.
fn survives(ways: &[Damage], files: impl Fn(&Path) -> Vec<PathBuf>) {
    let demo = demo();
    for how in ways {
        demo.bench.embedded(&[]).expect_success();
        let files = files(&demo.bench.own_state());
        assert!(!files.is_empty());
        files.iter().for_each(|file| damage(file, *how));
        demo.builds_as_ever();
    }
}

fn below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    files_below(folder, &mut files);
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files
}

#[test]
fn blobs_of_the_image() {
    survives(&[Damage::Cut], |state| below(&state.join("image/blobs"), ""));
    // Nothing changed, so that no step runs; and yet the image is made anew.
    let demo = demo();
    let before = demo.bench.embedded(&[]).expect_success().id();
    below(&demo.bench.layout().join("blobs"), "").iter().for_each(|file| damage(file, Damage::Flip));
    assert_eq!(demo.bench.embedded(&[]).expect_success().id(), before);
    demo.is_sound();
}

#[test]
fn the_index_of_the_layout() {
    survives(&[Damage::Cut, Damage::Flip], |state| vec![state.join("image/index.json")]);
}

#[test]
fn the_list_of_layers() {
    survives(&[Damage::Cut, Damage::Empty], |state| vec![state.join("layers.json")]);
}

#[test]
fn a_wrong_digit_of_a_layers_digest() {
    let demo = demo();
    demo.bench.embedded(&[]).expect_success();
    let file = demo.bench.own_state().join("layers.json");
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (place, _) in text.clone().match_indices("\"diff_id\":\"sha256:") {
        let digit = place + 40;
        let other = if &text[digit..=digit] == "0" { "1" } else { "0" };
        text.replace_range(digit..=digit, other);
    }
    std::fs::write(&file, text).unwrap();
    demo.builds_as_ever();
}

#[test]
fn records_of_steps_and_of_the_last_build_and_parts_of_archives_and_programs() {
    survives(&[Damage::Cut, Damage::Flip, Damage::Gone], |state| {
        let folders = ["parts", "embedded/programs", "embedded/shims"].map(|folder| below(&state.join(folder), ""));
        let records = below(&state.join("embedded/records"), ".json");
        [folders.concat(), records, vec![state.join("last-build.json"), state.join("image/oci-layout")]].concat()
    });
}

#[test]
fn keys_of_steps() {
    survives(&[Damage::Flip], |state| below(&state.join("embedded/records"), ".key"));
}

#[test]
fn the_mark_of_a_root_file_system() {
    survives(&[Damage::Cut], |state| {
        let marks = below(&state.parent().unwrap().join("roots"), ".mark");
        marks.into_iter().filter(|mark| mark.to_string_lossy().contains("minimal")).collect()
    });
}

#[test]
fn packages_in_yarns_cache() {
    let demo = demo();
    demo.bench.embedded(&[]).expect_success();
    let state = demo.bench.own_state();
    let mut packages = below(&state.parent().unwrap().join("caches/yarn/cache"), ".zip");
    packages.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("express-npm-"));
    let sound: Vec<_> = packages.iter().map(|package| std::fs::read(package).unwrap()).collect();
    assert!(!sound.is_empty());
    packages.iter().zip([Damage::Cut, Damage::Flip].iter().cycle()).for_each(|(package, how)| damage(package, *how));
    // The install runs again, over what it left.
    std::fs::write(state.join("embedded/records/install.key"), "of another install").unwrap();
    demo.builds_as_ever();
    assert!(packages.iter().zip(&sound).all(|(package, sound)| std::fs::read(package).unwrap() == *sound));
}

#[test]
fn an_archive() {
    let demo = demo();
    let before = demo.bench.embedded(&[]).expect_success().id();
    let archive = demo.bench.repo.join("packages/backend/dist/bundle.tar.gz");
    for how in [Damage::Flip, Damage::Gone] {
        let sound = std::fs::read(&archive).unwrap();
        damage(&archive, how);
        assert_eq!(demo.bench.embedded(&[]).expect_success().id(), before);
        assert!(std::fs::read(&archive).unwrap() == sound, "{how:?}");
    }
}

#[test]
fn a_lock_of_the_users_own_is_theirs_to_mend() {
    let demo = demo();
    for how in [Damage::Cut, Damage::Empty] {
        let _lock = Restore::of(&demo.bench, "base-image.lock.json");
        let before = demo.named();
        damage(&demo.bench.repo.join("base-image.lock.json"), how);
        let failed = demo.bench.embedded(&[]);
        assert_ne!(failed.code, 0);
        assert!(failed.stderr.contains("base-image.lock.json"), "{}", failed.stderr);
        assert!(failed.stderr.contains("base-image --update"), "{}", failed.stderr);
        assert!(demo.named() == before);
    }
}
