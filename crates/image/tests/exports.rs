//! Exports: complete or not there at all, and equal for equal images.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use image::{
    Compression, DockerArchive, ImageSpec, LayerFiles, Layout, Owner, export_docker_archive, export_oci_archive,
    export_oci_folder, verify_blobs, write_docker_archive, write_image, write_layer,
};
use tempfile::TempDir;

/// A layout with the image `app` of two layers, and another image.
fn images() -> (TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path().join("layout")).unwrap();
    let layer = |name: &str| {
        let mut files = LayerFiles::new();
        files.add_bytes(name, name, 0o644, Owner::ROOT).unwrap();
        write_layer(&layout, &files, Compression::Gzip, 0).unwrap()
    };
    let architecture = "amd64".to_owned();
    let app = ImageSpec { layers: vec![layer("base"), layer("app")], architecture, ..ImageSpec::default() };
    write_image(&layout, &app, "app").unwrap();
    write_image(&layout, &ImageSpec { layers: vec![layer("other")], ..app }, "other").unwrap();
    (folder, layout)
}

fn unpack(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), bytes)
    });
    entries.filter(|(path, _)| !path.ends_with('/')).collect()
}

fn assert_nothing_unfinished(folder: &Path) {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.starts_with(".unfinished-")));
}

#[test]
fn a_folder_gets_the_image_and_keeps_others() {
    let (folder, layout) = images();
    let target = folder.path().join("deep/target");
    export_oci_folder(&layout, "app", &target).unwrap();
    let exported = Layout::open(&target).unwrap();
    assert_eq!(exported.image("app").unwrap().blobs().len(), 4);
    export_oci_folder(&layout, "other", &target).unwrap();
    assert_eq!(exported.references().unwrap(), ["app", "other"]);
    for name in ["app", "other"] {
        verify_blobs(&exported, &exported.image(name).unwrap().blobs()).unwrap();
    }
    assert_eq!(exported.sweep().unwrap().files, 0);
    assert_nothing_unfinished(&folder.path().join("deep"));
}

#[test]
fn an_empty_folder_is_taken_and_a_full_one_is_not() {
    let (folder, layout) = images();
    let (empty, full) = (folder.path().join("empty"), folder.path().join("full"));
    fs::create_dir(&empty).unwrap();
    export_oci_folder(&layout, "app", &empty).unwrap();
    fs::create_dir(&full).unwrap();
    fs::write(full.join("precious"), "1").unwrap();
    let error = export_oci_folder(&layout, "app", &full).unwrap_err().to_string();
    assert!(error.contains("/full\n  expected: an OCI layout, an empty folder, or nothing yet\n"), "{error}");
    assert!(error.ends_with("found: a folder that holds precious"), "{error}");
    assert_eq!(fs::read_dir(&full).unwrap().count(), 1);
}

#[test]
fn a_damaged_blob_is_not_exported_and_one_that_is_there_is_mended() {
    let (folder, layout) = images();
    let target = folder.path().join("target");
    let blob = layout.image("app").unwrap().layers[1].digest.clone();
    export_oci_folder(&layout, "app", &target).unwrap();
    let exported = Layout::open(&target).unwrap();
    fs::remove_file(exported.blob(&blob)).unwrap();
    fs::write(exported.blob(&blob), "damaged").unwrap();
    export_oci_folder(&layout, "app", &target).unwrap();
    verify_blobs(&exported, &exported.image("app").unwrap().blobs()).unwrap();
    fs::remove_file(layout.blob(&blob)).unwrap();
    fs::write(layout.blob(&blob), "damaged").unwrap();
    let other = folder.path().join("other");
    let error = export_oci_folder(&layout, "app", &other).unwrap_err().to_string();
    assert!(error.contains(blob.hex()) && error.ends_with("found: 7 bytes"), "{error}");
    assert!(!other.exists());
    assert_nothing_unfinished(folder.path());
}

#[test]
fn an_oci_archive_holds_one_image_for_every_reader() {
    let ((a, layout), (b, same)) = (images(), images());
    let (file, other) = (a.path().join("image.tar"), b.path().join("image.tar"));
    fs::write(&file, "earlier").unwrap();
    export_oci_archive(&layout, "app", &["app:1"], &file).unwrap();
    export_oci_archive(&same, "app", &["app:1"], &other).unwrap();
    let bytes = fs::read(&file).unwrap();
    assert!(bytes == fs::read(&other).unwrap());
    let files = unpack(&bytes);
    for (path, bytes) in &files {
        let target = a.path().join("unpacked").join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
    let unpacked = Layout::open(a.path().join("unpacked")).unwrap();
    assert_eq!(unpacked.references().unwrap(), ["app"]);
    verify_blobs(&unpacked, &unpacked.image("app").unwrap().blobs()).unwrap();
    assert!(files.contains_key("manifest.json"), "Docker's classic image store reads this one");
}

#[test]
fn a_thin_archive_lists_the_layers_it_leaves_out() {
    let (_folder, layout) = images();
    let image = layout.image("app").unwrap();
    let base = &image.layers[0].digest;
    let archive = DockerArchive { reference: "app", tags: &["app:1"], includes: &|layer| layer.digest != *base };
    let mut bytes = Vec::new();
    write_docker_archive(&layout, &archive, &mut bytes).unwrap();
    let files = unpack(&bytes);
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let path = |digest: &image::Digest| format!("blobs/sha256/{}", digest.hex());
    let layers = [path(base), path(&image.layers[1].digest)];
    let config = path(&image.config_blob.digest);
    assert_eq!(manifest, serde_json::json!([{"Config": config, "RepoTags": ["app:1"], "Layers": layers}]));
    let mut expected = vec![config, layers[1].clone(), "manifest.json".to_owned()];
    expected.sort();
    assert!(files.into_keys().eq(expected));
}

#[test]
fn an_archive_is_replaced_only_when_it_is_complete() {
    let (folder, layout) = images();
    let file = folder.path().join("image.tar");
    let archive = DockerArchive { reference: "app", tags: &[], includes: &|_| true };
    export_docker_archive(&layout, &archive, &file).unwrap();
    let before = fs::read(&file).unwrap();
    fs::remove_file(layout.blob(&layout.image("app").unwrap().layers[1].digest)).unwrap();
    assert!(export_docker_archive(&layout, &archive, &file).is_err());
    assert!(export_oci_archive(&layout, "app", &[], &file).is_err());
    assert!(fs::read(&file).unwrap() == before);
    let error = export_oci_archive(&layout, "other", &[], folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("expected: a file to write, or nothing yet\n  found: a folder"), "{error}");
    assert_nothing_unfinished(folder.path());
}
