//! Archives that nobody trusts, unpacked into a tree.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use super::tree::Tree;
use process::EngineError;

/// A name that tar's own functions would refuse to write.
fn header(kind: EntryType, path: &str, target: &str) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o4755);
    header.set_size(0);
    header.set_mtime(7);
    if let Some(old) = header.as_gnu_mut() {
        old.name[..path.len()].copy_from_slice(path.as_bytes());
        old.linkname[..target.len()].copy_from_slice(target.as_bytes());
    }
    header.set_cksum();
    header
}

fn archive(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (kind, path, target) in entries {
        archive.append(&header(*kind, path, target), &b""[..]).unwrap();
    }
    archive.into_inner().unwrap()
}

fn unpack(entries: &[(EntryType, &str, &str)], root: &Path) -> Result<(), EngineError> {
    Tree::at(root).unpack(archive(entries).as_slice(), |path| Some(path.to_owned()))
}

use EntryType::{Directory as D, Link as H, Regular as F, Symlink as S};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_link_leads_where_it_will_lead_in_the_root() {
    let scratch = tempfile::tempdir().unwrap();
    let tree = Tree::at(scratch.path());
    let entries = [(D, "usr/bin", ""), (S, "bin", "/usr/bin"), (S, "sbin", "../../../usr/bin"), (F, "bin/a", "")];
    unpack(&entries, scratch.path()).unwrap();
    unpack(&[(F, "sbin/b", "")], scratch.path()).unwrap();
    assert_eq!(names(&scratch.path().join("usr/bin")), ["a", "b"]);
    assert_eq!(tree.find(Path::new("bin/a")).unwrap(), scratch.path().join("usr/bin/a"));
    assert!(tree.find(Path::new("bin/c")).is_err());
}

#[test]
fn a_folder_follows_a_link() {
    let scratch = tempfile::tempdir().unwrap();
    unpack(&[(D, "usr/lib", ""), (S, "lib", "usr/lib"), (D, "lib", ""), (F, "lib/a", "")], scratch.path()).unwrap();
    assert_eq!(names(&scratch.path().join("usr/lib")), ["a"]);
}

#[test]
fn nothing_runs_with_its_owners_rights_and_times_are_kept() {
    let scratch = tempfile::tempdir().unwrap();
    unpack(&[(F, "su", "")], scratch.path()).unwrap();
    let found = scratch.path().join("su").metadata().unwrap();
    assert_eq!((found.permissions().mode() & 0o7777, found.mtime()), (0o755, 7));
}

#[test]
fn a_time_beyond_all_clocks_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let mut late = header(F, "a\u{1b}", "");
    late.set_mtime(u64::MAX);
    late.set_cksum();
    let mut archive = Builder::new(Vec::new());
    archive.append(&late, &b""[..]).unwrap();
    let archive = archive.into_inner().unwrap();
    let unpacked = Tree::at(scratch.path()).unpack(archive.as_slice(), |path| Some(path.to_owned()));
    let error = unpacked.unwrap_err().to_string();
    assert_eq!(error, "unpacking a\\u{1b}: a time that no clock shows");
}

#[test]
fn links_in_a_circle_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let error = unpack(&[(S, "a", "b"), (S, "b", "a"), (F, "a/c", "")], scratch.path()).unwrap_err().to_string();
    assert!(error.contains("too many links"), "{error}");
    assert!(unpack(&[(F, "../x", "")], scratch.path()).is_err());
}

fn path() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "..", ".", "outside", "root", ""]);
    prop::collection::vec(name, 1..5).prop_map(|names| names.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn nothing_leaves_the_root(entries in prop::collection::vec((0..4_u8, path(), path()), 1..12)) {
        let scratch = tempfile::tempdir().unwrap();
        let (root, outside) = (scratch.path().join("root"), scratch.path().join("outside"));
        std::fs::create_dir(&root).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("a"), "intact").unwrap();
        for (kind, path, target) in &entries {
            let kind = [D, F, S, H][usize::from(*kind)];
            let _ = unpack(&[(kind, path, target)], &root);
        }
        prop_assert_eq!(names(scratch.path()), ["outside", "root"]);
        prop_assert_eq!(names(&outside), ["a"]);
        prop_assert_eq!(std::fs::read_to_string(outside.join("a")).unwrap(), "intact");
        prop_assert_eq!(outside.join("a").metadata().unwrap().nlink(), 1);
    }
}
