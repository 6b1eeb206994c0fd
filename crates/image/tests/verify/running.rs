//! Images that do not start, or not everywhere.

use std::fs;

use image::{Owner, StoredImage, damaged, verify_image};

use crate::elf::{AMD64, ARM64};
use crate::fixture::{Fixture, NODE, node, only};

#[test]
fn a_user_who_is_root_or_nobody() {
    let expected = "a user other than root, best by number";
    let with = |user: &str| {
        let mut image = Fixture::good();
        user.clone_into(&mut image.spec.user);
        image
    };
    with("").has("BI006", None, expected, "no user, which means root");
    for user in ["0", "root"] {
        with(&format!("{user}:1000")).has("BI006", None, expected, &format!("the user {user}"));
    }
    with("backstage").has("BI006", None, expected, "the user backstage, which is not in etc/passwd");
    assert_eq!(with("node").verify().findings, []);
}

#[test]
fn files_that_another_user_cannot_read() {
    let expected = "files that every user in the group 0 may read, in folders that he may enter";
    let mut image = Fixture::good();
    image.app.add_bytes("app/secret.js", "", 0o640, NODE).unwrap();
    image.has("BI007", Some("app/secret.js"), expected, "mode 0640, owner 1000:1000");
    let mut image = Fixture::good();
    image.app.add_bytes("app/secret.js", "", 0o640, Owner { uid: 1000, gid: 0 }).unwrap();
    assert_eq!(image.verify().findings, [], "the group 0 may");
    let mut image = Fixture::good();
    image.app.add_directory("app", 0o700, NODE).unwrap();
    image.has("BI007", Some("app"), expected, "mode 0700, owner 1000:1000");
}

#[test]
fn no_place_for_temporary_files() {
    let expected = "a folder that every user may write to, mode 1777";
    Fixture::good().without("tmp").has("BI008", Some("tmp"), expected, "no such folder");
    let mut image = Fixture::good();
    image.base.add_directory("tmp", 0o755, Owner::ROOT).unwrap();
    image.has("BI008", Some("tmp"), expected, "mode 0755, owner 0:0");
}

#[test]
fn a_configuration_that_is_not_there() {
    let image = Fixture::good().without("app/app-config.yaml");
    let expected = "the file app-config.yaml of the command, from /app";
    image.has("BI009", Some("app-config.yaml"), expected, "no such file");
}

#[test]
fn no_node_or_two() {
    let image = Fixture::good().without("usr/local/bin/node");
    image.has("BI010", None, "one Node for amd64", "none");
    let mut image = Fixture::good();
    image.app.add_bytes("app/node_modules/node/bin/node", node(AMD64, "22.1.0"), 0o755, NODE).unwrap();
    let found = "app/node_modules/node/bin/node (22.1.0), usr/local/bin/node (24.21.0)";
    image.has("BI010", Some("app/node_modules/node/bin/node"), "one Node for amd64", found);
    let mut image = Fixture::good();
    image.base.add_bytes("usr/local/bin/node", node(ARM64, "24.21.0"), 0o755, Owner::ROOT).unwrap();
    image.has("BI010", Some("usr/local/bin/node"), "one Node for amd64", "one for arm64");
}

#[test]
fn another_node_than_the_repositorys() {
    let mut image = Fixture::good();
    image.budget.node.iter_mut().for_each(|node| "24.2".clone_into(&mut node.version));
    image.has("BI011", Some("usr/local/bin/node"), "Node 24.2, by .nvmrc", "Node 24.21.0");
    image.budget.node.iter_mut().for_each(|node| "24.21.0".clone_into(&mut node.version));
    assert_eq!(image.verify().findings, []);
}

#[test]
fn more_bytes_than_allowed() {
    let mut image = Fixture::good();
    image.budget.max_size = Some(100);
    let bytes = image.verify().summary.unwrap().files.bytes;
    image.has("BI023", None, "at most 100 bytes of files", &format!("{bytes} bytes"));
}

#[test]
fn a_damaged_layer() {
    let image = Fixture::good();
    let folder = image.write();
    let stored = StoredImage::in_folder(folder.path(), None).unwrap();
    let blobs = folder.path().join("blobs/sha256");
    let largest = fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path());
    let largest = largest.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = fs::read(&largest).unwrap();
    // The operating system in gzip's header: nobody reads it, so only the digest tells.
    bytes[9] ^= 1;
    fs::write(&largest, &bytes).unwrap();
    let verification = verify_image("app:1", &stored, None, &image.budget, &diagnostics::Baseline::default()).unwrap();
    let [finding] = &verification.findings[..] else { panic!("{verification:?}") };
    assert_eq!(finding.expected, format!("sha256:{}", largest.file_name().unwrap().display()));
    assert!(finding.found.starts_with("sha256:") && finding.found != finding.expected);
    only(&verification.findings, "BI005", Some(largest.to_str().unwrap()), &finding.expected, &finding.found);
}

#[test]
fn a_layer_that_is_not_there() {
    let folder = Fixture::good().write();
    fs::remove_dir_all(folder.path().join("blobs")).unwrap();
    let error = StoredImage::in_folder(folder.path(), None).unwrap_err();
    let verification = damaged("app:1", error).unwrap();
    assert_eq!((verification.findings[0].code, verification.findings[0].found.as_str()), ("BI005", "nothing"));
}
