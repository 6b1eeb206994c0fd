//! Every form that an image comes in, and every damage to it.

use std::fs::{self, File};
use std::path::Path;

use image::{
    Digest, DockerArchive, ImageTree, Layout, NodeKind, StoredImage, export_docker_archive, export_oci_archive,
};
use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use crate::fixture::Fixture;

/// An entry of a layer: flag, path, link's target or data.
type Item = (EntryType, &'static str, &'static str);

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;
const LINK: EntryType = EntryType::Symlink;
const HARD: EntryType = EntryType::Link;

fn header() -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn tar(items: &[Item]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, path, text) in items {
        let mut header = header();
        header.set_entry_type(*kind);
        let is_file = *kind == FILE;
        header.set_size(if is_file { text.len() as u64 } else { 0 });
        match is_file || *kind == FOLDER {
            true => builder.append_data(&mut header, path, text.as_bytes()).unwrap(),
            false => builder.append_link(&mut header, path, text).unwrap(),
        }
    }
    builder.into_inner().unwrap()
}

/// What Docker before 25 saves: a folder for each layer.
fn docker_archive(layers: &[Vec<u8>]) -> Vec<u8> {
    let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let config = serde_json::json!({"architecture": "amd64", "os": "linux",
        "config": {"WorkingDir": "/app"}, "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let names: Vec<_> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    let manifest = serde_json::json!([{"Config": "config.json", "RepoTags": null, "Layers": names}]);
    let mut builder = Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = header();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    names.iter().zip(layers).for_each(|(name, layer)| add(name, layer));
    add("config.json", config.to_string().as_bytes());
    add("manifest.json", manifest.to_string().as_bytes());
    builder.into_inner().unwrap()
}

fn open(bytes: &[u8]) -> Result<StoredImage, image::ImageError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.tar");
    fs::write(&file, bytes).unwrap();
    StoredImage::in_archive(File::open(&file).unwrap(), &file)
}

fn tree(layers: &[Vec<u8>]) -> ImageTree<Vec<u8>> {
    open(&docker_archive(layers)).unwrap().files(&|_, _| true).unwrap()
}

fn listed(tree: &ImageTree<Vec<u8>>) -> Vec<(&str, &str)> {
    let text = |node: &image::Node<Vec<u8>>| node.note.as_ref().map(|note| String::from_utf8(note.to_vec()).unwrap());
    tree.files().map(|(path, node)| (path, &*text(node).unwrap_or_default().leak())).collect()
}

#[test]
fn layers_lie_over_one_another() {
    let lower = tar(&[
        (FOLDER, "./etc/", ""),
        (FILE, "./etc/gone", "1"),
        (FILE, "etc/kept", "2"),
        (FILE, "etc/changed", "3"),
        (FILE, "full/a/b", "4"),
        (FILE, "was-folder/x", "5"),
        (LINK, "lib", "usr/lib"),
    ]);
    let upper = tar(&[
        (FILE, "etc/changed", "6"),
        (FILE, "etc/.wh.gone", ""),
        (FILE, "full/new", "7"),
        (FILE, "full/.wh..wh..opq", ""),
        (FILE, "was-folder", "8"),
        (FILE, "lib/x.so", "9"),
        (HARD, "hard", "etc/changed"),
    ]);
    let tree = tree(&[lower, upper]);
    let expected = [
        ("etc/changed", "6"),
        ("etc/kept", "2"),
        ("full/new", "7"),
        ("hard", "6"),
        ("usr/lib/x.so", "9"),
        ("was-folder", "8"),
    ];
    assert_eq!(listed(&tree), expected);
    let hidden: Vec<_> = tree.hidden().map(|(path, _)| path).collect();
    assert_eq!(hidden, ["etc/gone", "full/a/b", "etc/changed", "was-folder/x"]);
    assert_eq!(tree.get("hard").unwrap().bytes(), 0, "counted once");
    assert_eq!(tree.get("usr/lib").unwrap().mode, 0o755, "a folder that no layer has an entry for");
}

#[test]
fn links_stay_in_the_image() {
    let layer = tar(&[
        (FILE, "real/file", "x"),
        (LINK, "a", "/real"),
        (LINK, "real/up", "../../../a/file"),
        (LINK, "round", "round"),
        (LINK, "nowhere", "/none"),
    ]);
    let tree = tree(&[layer]);
    let resolved = |path: &str| tree.resolve("", path).map(|(path, _)| path);
    assert_eq!(resolved("a/file"), Some("real/file"));
    assert_eq!(resolved("/a/up"), Some("real/file"));
    assert_eq!(tree.resolve("real", "up").map(|(path, _)| path), Some("real/file"));
    assert_eq!((resolved("round"), resolved("nowhere"), resolved("../../real/file")), (None, None, Some("real/file")));
    assert_eq!(tree.get("a").unwrap().kind, NodeKind::Link("/real".to_owned()));
}

#[test]
fn headers_before_an_entry_describe_it() {
    let mut builder = Builder::new(Vec::new());
    let records: [(&str, &[u8]); 3] = [
        ("path", b"from/pax"),
        ("uid", b"123456789"),
        ("SCHILY.xattr.security.capability", &[1, 0, 0, 2, 0, 4, 0, 0, 0, 0]),
    ];
    builder.append_pax_extensions(records).unwrap();
    let mut short = header();
    short.set_size(0);
    builder.append_data(&mut short, "short", &b""[..]).unwrap();
    let long = "folder/".repeat(40) + "file";
    let mut header = header();
    header.set_size(0);
    builder.append_data(&mut header, &long, &b""[..]).unwrap();
    let tree = tree(&[builder.into_inner().unwrap()]);
    let node = tree.get("from/pax").unwrap();
    assert_eq!((node.uid, node.has_capabilities), (123_456_789, true));
    assert!(tree.get(&long).is_some_and(|node| !node.has_capabilities && node.uid == 0));
}

#[test]
fn every_form_has_the_same_files() {
    let folder = Fixture::good().write();
    let layout = Layout::open(folder.path()).unwrap();
    let target = tempfile::tempdir().unwrap();
    let [docker, oci] = ["docker.tar", "oci.tar"].map(|name| target.path().join(name));
    let archive = DockerArchive { reference: "app:1", tags: &["app:1"], includes: &|_| true };
    export_docker_archive(&layout, &archive, &docker).unwrap();
    export_oci_archive(&layout, "app:1", &["app:1"], &oci).unwrap();
    let in_archive = |file: &Path| StoredImage::in_archive(File::open(file).unwrap(), file).unwrap();
    let images = [StoredImage::in_folder(folder.path(), None).unwrap(), in_archive(&docker), in_archive(&oci)];
    let names = images.map(|image| {
        let tree = image.files(&|_, _| false).unwrap();
        (image.id, tree.iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>())
    });
    assert_eq!(names[0], names[1]);
    assert_eq!(names[0], names[2]);
}

#[test]
fn one_image_of_several_is_named() {
    let fixture = Fixture::good();
    let folder = fixture.write();
    let index = folder.path().join("index.json");
    let text = fs::read_to_string(&index).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut second = value["manifests"][0].clone();
    second["annotations"]["org.opencontainers.image.ref.name"] = "app:2".into();
    value["manifests"].as_array_mut().unwrap().push(second);
    fs::write(&index, value.to_string()).unwrap();
    assert!(StoredImage::in_folder(folder.path(), Some("app:2")).is_ok());
    let error = |name| StoredImage::in_folder(folder.path(), name).unwrap_err().to_string();
    assert!(error(None).contains("app:1, app:2"), "{}", error(None));
    assert!(error(Some("app:3")).contains("an image named app:3"), "{}", error(Some("app:3")));
}

#[test]
fn what_is_no_image_is_refused() {
    let refused = |bytes: &[u8]| open(bytes).unwrap_err().to_string();
    assert!(refused(b"").contains("no member"));
    assert!(refused(&[0x1f, 0x8b, 8, 0]).contains("expected: an uncompressed tar archive"));
    assert!(refused(&tar(&[(FILE, "x", "y")])).contains("index.json"));
    let round = [(LINK, "manifest.json", "manifest.json")];
    assert!(refused(&tar(&round)).contains("manifest.json"));
}

#[test]
fn a_layer_is_compared_with_its_digest() {
    let mut archive = docker_archive(&[tar(&[(FILE, "a", "data")])]);
    let at = archive.windows(4).position(|bytes| bytes == b"data").unwrap();
    archive[at] = b'D';
    let error = open(&archive).unwrap().files(&|_, _| true).unwrap_err().to_string();
    assert!(error.contains("0/layer.tar\n  expected: sha256:"), "{error}");
}

#[test]
fn a_path_that_leaves_the_image_is_refused() {
    let mut header = Header::new_old();
    header.as_mut_bytes()[..6].copy_from_slice(b"../../");
    header.as_mut_bytes()[6..9].copy_from_slice(b"etc");
    header.set_size(0);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    let layer = [header.as_bytes().as_slice(), &[0; 1024]].concat();
    let error = open(&docker_archive(&[layer])).unwrap().files(&|_, _| true).unwrap_err().to_string();
    assert!(error.contains("a path with `..`"), "{error}");
}

proptest! {
    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = open(&bytes);
        let _ = open(&docker_archive(&[bytes])).map(|image| image.files(&|_, _| true));
    }

    #[test]
    fn damage_never_panics(places in prop::collection::vec((0..8000_usize, any::<u8>()), 1..6)) {
        let layer = tar(&[(FILE, "a/b", "data"), (LINK, "c", "a"), (HARD, "d", "a/b"), (FILE, "a/.wh.b", "")]);
        let mut archive = docker_archive(&[layer.clone(), layer]);
        for (at, byte) in places {
            let at = at % archive.len();
            archive[at] = byte;
        }
        let _ = open(&archive).map(|image| image.files(&|_, _| true));
    }

    #[test]
    fn addons_never_panic(places in prop::collection::vec((0..2000_usize, any::<u8>()), 1..6)) {
        let mut bytes = crate::fixture::addon().bytes();
        for (at, byte) in places {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let mut image = Fixture::good();
        image.app.add_bytes(crate::fixture::ADDON, bytes, 0o755, crate::fixture::NODE).unwrap();
        let _ = image.verify();
    }
}
