//! What is unpacked of an image is what its verifier sees.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod base;
mod fixture;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use fixture::{Item, Long, Shown, found, image, item, layer, verified};
use image::StoredImage;
use process::EngineError;
use proptest::prelude::*;
use rootfs::unpack_layers;
use tar::EntryType;
use tar::EntryType::{Directory as D, Fifo as P, Link as H, Regular as F, Symlink as S};

fn unpacked(image: &StoredImage) -> Result<Shown, EngineError> {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("root");
    unpack_layers(&image.layers, &scratch.path().join("kept"), &root)?;
    Ok(found(&root))
}

/// The paths of an image of these layers, unpacked, once they are what the verifier sees.
fn paths(layers: &[Vec<Item>]) -> Vec<String> {
    let image = image(&layers.iter().map(|items| layer(items)).collect::<Vec<_>>());
    let found = unpacked(&image).unwrap();
    assert_eq!(found, verified(&image));
    found.into_keys().collect()
}

#[test]
fn of_two_paths_in_one_header_the_same_one_counts_for_both() {
    let hostile = Item { long: Long::PaxTwice, ..item(F, "second", "x") };
    assert_eq!(paths(&[vec![hostile]]), ["second"]);
}

#[test]
fn a_layer_removes_what_lower_ones_added_and_keeps_its_own() {
    let lower = [(F, "a", ""), (F, "b", ""), (D, "d/x", ""), (F, "d/y", ""), (F, "e", ""), (S, "l", "d")];
    let upper = [(F, ".wh.a", ""), (F, "d/z", ""), (F, "d/.wh..wh..opq", ""), (F, ".wh.none", ""), (H, "f", "e")];
    let top = [(D, "l", ""), (F, "l/new", "1"), (F, "d/.wh...", "")];
    let layers = [&lower[..], &upper, &top]
        .map(|items| items.iter().map(|(kind, path, text)| item(*kind, path, text)).collect());
    assert_eq!(paths(&layers), ["b", "d", "d/z", "e", "f", "l", "l/new"]);
}

#[test]
fn names_of_one_file_stay_one_file() {
    let scratch = tempfile::tempdir().unwrap();
    let image =
        image(&[layer(&[item(F, "a", "bytes"), item(H, "b", "a")]), layer(&[item(H, "c", "b"), item(F, ".wh.a", "")])]);
    unpack_layers(&image.layers, &scratch.path().join("kept"), &scratch.path().join("root")).unwrap();
    let numbers = ["b", "c"].map(|name| scratch.path().join("root").join(name).metadata().unwrap().ino());
    assert_eq!(numbers[0], numbers[1]);
}

#[test]
fn nothing_runs_with_its_owners_rights_and_times_are_kept() {
    let scratch = tempfile::tempdir().unwrap();
    let image = image(&[layer(&[Item { mode: 0o4755, ..item(F, "su", "") }, item(P, "pipe", "")])]);
    unpack_layers(&image.layers, &scratch.path().join("kept"), &scratch.path().join("root")).unwrap();
    let file = scratch.path().join("root/su").metadata().unwrap();
    assert_eq!((file.permissions().mode() & 0o7777, file.mtime()), (0o755, 7));
    assert!(!scratch.path().join("root/pipe").exists(), "pipes are made by whatever runs the image");
}

#[test]
fn a_damaged_layer_is_the_images_fault_and_leaves_nothing() {
    for hostile in [Item { modified: u64::MAX, ..item(F, "a\u{1b}", "") }, item(F, "../x", "")] {
        let scratch = tempfile::tempdir().unwrap();
        let image = image(&[layer(&[item(F, "first", "")]), layer(&[hostile])]);
        let root = scratch.path().join("root");
        let error = unpack_layers(&image.layers, &scratch.path().join("kept"), &root).unwrap_err();
        assert!(matches!(error, EngineError::Damaged(_)), "{error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }
}

#[test]
fn what_is_large_is_unpacked_once_and_never_written_to() {
    let scratch = tempfile::tempdir().unwrap();
    let (kept, zeros) = (scratch.path().join("kept"), "0".repeat(10 << 20));
    let large = layer(&[item(F, "a", "lower"), item(F, "large", &zeros), item(S, "l", "d"), item(D, "d", "")]);
    for text in ["upper", "other"] {
        let image = image(&[large.clone(), layer(&[item(F, "a", text), item(F, "l/b", text), item(H, "c", "large")])]);
        let root = scratch.path().join(text);
        unpack_layers(&image.layers, &kept, &root).unwrap();
        assert_eq!(found(&root), verified(&image));
    }
    let trees: Vec<_> = fs::read_dir(&kept).unwrap().flatten().map(|entry| entry.path()).collect();
    assert_eq!(trees.len(), 1);
    assert_eq!(fs::read_to_string(trees[0].join("root/a")).unwrap(), "lower");
    let image = image(&[large.clone(), large]);
    unpack_layers(&image.layers, &kept, &scratch.path().join("third")).unwrap();
    assert!(!trees[0].exists());
}

#[test]
fn a_name_more_of_a_pipe_takes_a_files_place() {
    let lower = [item(P, "pipe", ""), item(F, "a", "hidden"), item(F, "large", &"0".repeat(10 << 20))];
    assert_eq!(paths(&[lower.to_vec(), vec![item(H, "a", "pipe")]]), ["large"]);
}

fn path() -> impl Strategy<Value = String> {
    let name = ["a", "b", "c", "d", ".", "", ".wh.a", ".wh.b", ".wh..wh..opq", ".wh..wh.x", "\u{e9}"];
    let name = prop::sample::select(name.map(str::to_owned).to_vec());
    let long = Just("n".repeat(120));
    prop::collection::vec(prop_oneof![20 => name, 1 => long], 1..4).prop_map(|names| names.join("/"))
}

fn target() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "c", "..", "outside", "root"]);
    (prop::bool::ANY, prop::collection::vec(part, 1..4))
        .prop_map(|(is_absolute, parts)| format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("/")))
}

fn entry() -> impl Strategy<Value = Item> {
    let kind = prop::sample::select(vec![D, F, F, F, S, H, P]);
    let long = prop::sample::select(vec![Long::No, Long::Gnu, Long::Pax, Long::PaxTwice]);
    (kind, path(), target(), path(), long, 0..0o10000_u32).prop_map(|(kind, path, target, other, long, mode)| {
        let text = match kind {
            EntryType::Link => other,
            EntryType::Directory | EntryType::Fifo => String::new(),
            _ => target,
        };
        Item { kind, path, text, mode, modified: 7, long }
    })
}

fn nothing_left(scratch: &Path) {
    assert_eq!(fs::read_to_string(scratch.join("outside")).unwrap(), "intact");
    assert_eq!(fs::metadata(scratch.join("outside")).unwrap().nlink(), 1);
}

fn layers() -> impl Strategy<Value = Vec<Vec<Item>>> {
    prop::collection::vec(prop::collection::vec(entry(), 0..10), 1..4)
}

/// Unpacks them, compares with what the verifier sees, and looks around.
fn unpacked_as_verified(layers: &[Vec<Item>]) {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("outside"), "intact").unwrap();
    let image = image(&layers.iter().map(|items| layer(items)).collect::<Vec<_>>());
    let root = scratch.path().join("root");
    unpack_layers(&image.layers, &scratch.path().join("kept"), &root).unwrap();
    assert_eq!(found(&root), verified(&image));
    nothing_left(scratch.path());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_unpacked_is_what_is_verified(layers in layers()) {
        unpacked_as_verified(&layers);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_kept_of_lower_layers_changes_nothing(mut layers in layers(), upper in layers()) {
        layers[0].push(item(F, "large", &"0".repeat(10 << 20)));
        layers.extend(upper);
        unpacked_as_verified(&layers);
    }
}
