//! Layouts: writing images, reading them back, and what is said of a corrupted one.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

use image::{
    Compression, Healthcheck, History, Image, ImageSpec, Layer, LayerFiles, Layout, Owner, verify_blobs, write_image,
    write_layer,
};
use tempfile::TempDir;

fn layer(layout: &Layout, name: &str) -> Layer {
    let mut files = LayerFiles::new();
    files.add_bytes(name, name.repeat(1000), 0o644, Owner::ROOT).unwrap();
    write_layer(layout, &files, Compression::Gzip, 0).unwrap()
}

fn spec(layers: Vec<Layer>) -> ImageSpec {
    ImageSpec {
        architecture: "amd64".to_owned(),
        created: "1970-01-01T00:00:00Z".to_owned(),
        user: "1000:1000".to_owned(),
        env: vec!["NODE_ENV=production".to_owned()],
        working_dir: "/app".to_owned(),
        cmd: vec!["node".to_owned()],
        exposed_ports: vec!["7007/tcp".to_owned()],
        labels: [("a".to_owned(), "b".to_owned())].into(),
        healthcheck: Some(Healthcheck { test: vec!["CMD".to_owned(), "true".to_owned()], ..Healthcheck::default() }),
        layers,
        ..ImageSpec::default()
    }
}

/// A layout with the images `one` and `two`, which share a layer.
fn two_images() -> (TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let (base, one, two) = (layer(&layout, "base"), layer(&layout, "one"), layer(&layout, "two"));
    write_image(&layout, &spec(vec![base.clone(), one]), "one").unwrap();
    write_image(&layout, &spec(vec![base, two]), "two").unwrap();
    (folder, layout)
}

fn blob_count(layout: &Layout) -> usize {
    fs::read_dir(layout.folder().join("blobs/sha256")).unwrap().count()
}

#[test]
fn an_image_is_read_back_as_it_was_written() {
    let (_folder, layout) = two_images();
    let image = layout.image("one").unwrap();
    let config = &image.config.config;
    assert_eq!((config.user.as_str(), config.working_dir.as_str()), ("1000:1000", "/app"));
    assert!(config.exposed_ports.contains_key("7007/tcp") && config.healthcheck.is_some());
    assert_eq!(image.layers.len(), 2);
    verify_blobs(&layout, &image.blobs()).unwrap();
    assert_eq!(layout.references().unwrap(), ["one", "two"]);
}

#[test]
fn documents_are_the_same_bytes_every_time() {
    let ((_a, a), (_b, b)) = (two_images(), two_images());
    assert_eq!(a.image("one").unwrap(), b.image("one").unwrap());
    let index = |layout: &Layout| fs::read_to_string(layout.folder().join("index.json")).unwrap();
    assert_eq!(index(&a), index(&b));
    assert!(index(&a).starts_with(r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json""#));
}

#[test]
fn a_name_moves_to_the_new_image_and_the_others_stay() {
    let (_folder, layout) = two_images();
    let (one, two) = (layout.image("one").unwrap(), layout.image("two").unwrap());
    write_image(&layout, &spec(vec![layer(&layout, "three")]), "one").unwrap();
    assert_ne!(layout.image("one").unwrap(), one);
    assert_eq!(layout.image("two").unwrap(), two);
    assert_eq!(Layout::create(layout.folder()).unwrap().references().unwrap(), ["one", "two"]);
}

#[test]
fn sweeping_removes_what_no_image_needs_and_nothing_else() {
    let (_folder, layout) = two_images();
    assert_eq!((blob_count(&layout), layout.sweep().unwrap().files), (7, 0));
    write_image(&layout, &spec(vec![layer(&layout, "three")]), "one").unwrap();
    fs::write(layout.folder().join("blobs/sha256/.unfinished-1"), "12").unwrap();
    fs::write(layout.folder().join(".unfinished-2"), "3").unwrap();
    assert_eq!(layout.sweep().unwrap().files, 5);
    assert_eq!(blob_count(&layout), 7 - 3 + 3);
    for name in ["one", "two"] {
        verify_blobs(&layout, &layout.image(name).unwrap().blobs()).unwrap();
    }
}

#[test]
fn sweeping_removes_nothing_when_a_manifest_cannot_be_read() {
    let (_folder, layout) = two_images();
    fs::write(layout.blob(&layout.image("one").unwrap().manifest.digest), "{}").unwrap();
    assert!(layout.sweep().is_err());
    assert_eq!(blob_count(&layout), 7);
}

#[test]
fn an_image_whose_layers_are_not_there_is_refused() {
    let (_folder, layout) = two_images();
    let mut lost = layer(&layout, "lost");
    fs::remove_file(layout.blob(&lost.digest)).unwrap();
    let error = write_image(&layout, &spec(vec![lost.clone()]), "three").unwrap_err().to_string();
    assert!(error.contains(&format!("expected: a layer of {} bytes", lost.size)), "{error}");
    lost = layer(&layout, "lost");
    let history = vec![History::default(), History { empty_layer: true, ..History::default() }, History::default()];
    let error = write_image(&layout, &ImageSpec { history, ..spec(vec![lost]) }, "three").unwrap_err().to_string();
    assert!(error.starts_with("a history of 2 layers for an image of 1"), "{error}");
    assert_eq!(layout.references().unwrap(), ["one", "two"]);
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let (_folder, layout) = two_images();
    let error = layout.image("three").unwrap_err().to_string();
    assert!(error.ends_with("index.json\n  expected: an image named three\n  found: one, two"), "{error}");
}

/// What is said of the blobs of an image after its last layer, in this file, was corrupted.
fn complaint(corrupt: impl Fn(&Path)) -> (PathBuf, String) {
    let (_folder, layout) = two_images();
    let image: Image = layout.image("one").unwrap();
    let file = layout.blob(&image.layers[1].digest);
    corrupt(&file);
    let bad = verify_blobs(&layout, &image.blobs()).unwrap_err();
    assert_eq!(bad.len(), 1);
    let text = bad[0].to_string();
    let rest = text.strip_prefix(&format!("{}: ", file.display())).unwrap().to_owned();
    (file, rest)
}

#[test]
fn every_corruption_of_a_blob_is_told_apart() {
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    let (_, text) = complaint(|path| fs::remove_file(path).unwrap());
    assert!(text.starts_with("expected ") && text.ends_with(" bytes, found nothing"), "{text}");
    let truncated = |path: &Path| fs::File::options().write(true).open(path).unwrap().set_len(size(path) - 1).unwrap();
    let (_, text) = complaint(truncated);
    let sizes: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert!(matches!(sizes[..], [expected, found] if expected == found + 1), "{text}");
    let (file, text) = complaint(|path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[40] ^= 1;
        fs::write(path, bytes).unwrap();
    });
    let digest = file.file_name().unwrap().to_str().unwrap();
    assert!(text.starts_with(&format!("expected sha256:{digest}, found sha256:")), "{text}");
}

#[test]
fn every_bad_blob_is_reported_in_order() {
    let (_folder, layout) = two_images();
    let blobs = layout.image("one").unwrap().blobs();
    blobs.iter().for_each(|blob| fs::remove_file(layout.blob(&blob.digest)).unwrap());
    let bad = verify_blobs(&layout, &blobs).unwrap_err();
    assert!(
        bad.iter().map(|bad| &bad.file).eq(&blobs.iter().map(|blob| layout.blob(&blob.digest)).collect::<Vec<_>>())
    );
}

#[test]
fn corrupted_documents_are_named() {
    let message = |corrupt: &dyn Fn(&Layout)| {
        let (_folder, layout) = two_images();
        corrupt(&layout);
        let read = Layout::open(layout.folder()).and_then(|layout| layout.image("one"));
        read.unwrap_err().to_string().replace(&layout.folder().display().to_string(), "LAYOUT")
    };
    let put = |name: &'static str, text: &'static str| {
        message(&move |layout| fs::write(layout.folder().join(name), text).unwrap())
    };
    let text = message(&|layout| fs::remove_file(layout.folder().join("oci-layout")).unwrap());
    assert_eq!(text, "LAYOUT/oci-layout\n  expected: a file\n  found: nothing");
    let text = put("oci-layout", r#"{"imageLayoutVersion": "2.0.0"}"#);
    assert_eq!(text, "LAYOUT/oci-layout\n  expected: imageLayoutVersion 1.0.0\n  found: \"2.0.0\"");
    let text = put("index.json", "{");
    assert!(text.starts_with("LAYOUT/index.json\n  expected: an OCI index as JSON\n  found: EOF"), "{text}");
    let text = message(&|layout| fs::write(layout.folder().join("index.json"), vec![b' '; 5 << 20]).unwrap());
    assert_eq!(text, "LAYOUT/index.json\n  expected: at most 4 MiB of JSON\n  found: 5242880 bytes");
    let manifest = |layout: &Layout| layout.blob(&layout.image("one").unwrap().manifest.digest);
    let text = message(&|layout| fs::write(manifest(layout), "{}").unwrap());
    assert!(text.ends_with(" bytes\n  found: 2 bytes"), "{text}");
    let text = message(&|layout| {
        let path = manifest(layout);
        fs::write(&path, fs::read_to_string(&path).unwrap().replace("gzip", "gzap")).unwrap();
    });
    assert!(text.contains("expected: sha256:") && text.contains("found: sha256:"), "{text}");
}

#[test]
fn adopted_image_keeps_its_configuration() {
    let (folder, layout) = two_images();
    let one = layout.image("one").unwrap();
    let layers: Vec<_> = one.layers.iter().map(|layer| layer.digest.clone()).collect();
    let adopted = layout.adopt(&one.config_blob.digest, &layers, "adopted").unwrap();
    assert_eq!((&adopted.config, &adopted.layers), (&one.config, &one.layers));
    assert_eq!(layout.image("adopted").unwrap().config_blob, one.config_blob);
    let found = layout.adopt(&one.config_blob.digest, &layers[..1], "too few layers").unwrap_err().to_string();
    assert!(found.contains("expected: as many diff_ids as the manifest has layers, 1,"), "{found}");
    assert!(!layout.references().unwrap().contains(&"too few layers".to_owned()));
    drop(folder);
}
