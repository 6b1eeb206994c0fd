//! Documents beside an image: the image stays as it is, and whoever looks for it finds it alone.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use image::{
    Attachment, Compression, Digest, ImageSpec, LayerFiles, Layout, Owner, Pairs, Referrer, StoredImage,
    export_oci_archive, export_oci_folder, referrers_index, write_image, write_layer,
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn write(layout: &Layout, text: &str) -> Digest {
    let mut files = LayerFiles::new();
    files.add_bytes("file", text, 0o644, Owner::ROOT).unwrap();
    let layers = vec![write_layer(layout, &files, Compression::Gzip, 0).unwrap()];
    let spec = ImageSpec { architecture: "amd64".to_owned(), layers, ..ImageSpec::default() };
    write_image(layout, &spec, "app:1").unwrap().manifest
}

fn attachment(text: &str) -> Attachment {
    let media_type = "application/spdx+json".to_owned();
    Attachment { media_type, content: text.into(), annotations: Pairs::new() }
}

fn attested() -> (TempDir, Layout, Vec<Referrer>) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path().join("layout")).unwrap();
    write(&layout, "one");
    let referrers = layout.attach("app:1", &[attachment("{}"), attachment("[]")]).unwrap();
    (folder, layout, referrers)
}

fn index(layout: &Layout) -> Value {
    serde_json::from_slice(&std::fs::read(layout.folder().join("index.json")).unwrap()).unwrap()
}

#[test]
fn a_document_names_the_image_and_the_image_stays() {
    let (_folder, layout, referrers) = attested();
    let image = layout.image("app:1").unwrap();
    assert_eq!(image.manifest.digest, write(&layout, "one"));
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(layout.blob(&referrers[0].manifest.digest)).unwrap()).unwrap();
    assert_eq!(manifest["subject"]["digest"], image.manifest.digest.as_str());
    assert_eq!(manifest["artifactType"], "application/spdx+json");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.oci.empty.v1+json");
    assert_eq!(manifest["config"]["digest"], Digest::of(b"{}").as_str());
    assert_eq!(layout.references().unwrap(), ["app:1"]);
    assert_eq!(index(&layout)["manifests"].as_array().unwrap().len(), 3);
    StoredImage::in_folder(layout.folder(), None).unwrap();
}

#[test]
fn the_same_again_changes_nothing_and_those_of_a_gone_image_go() {
    let (_folder, layout, referrers) = attested();
    let before = index(&layout);
    layout.attach("app:1", &[attachment("{}"), attachment("[]")]).unwrap();
    assert_eq!(index(&layout), before);
    write(&layout, "two");
    let attached = layout.attach("app:1", &[attachment("{}")]).unwrap();
    let new = attached.first().unwrap();
    assert_ne!(new.manifest.digest, referrers[0].manifest.digest);
    assert_eq!(index(&layout)["manifests"].as_array().unwrap().len(), 2);
    let kept = layout.sweep().unwrap();
    assert!(kept.files >= 4, "{kept:?}");
    assert!(new.blobs.iter().chain([&new.manifest]).all(|blob| layout.blob(&blob.digest).is_file()));
}

#[test]
fn they_go_along_into_folders_and_archives() {
    let (folder, layout, _) = attested();
    let (other, archive) = (folder.path().join("other"), folder.path().join("x.tar"));
    export_oci_folder(&layout, "app:1", &other).unwrap();
    assert_eq!(index(&Layout::open(other).unwrap()), index(&layout));
    export_oci_archive(&layout, "app:1", &["app:1"], &archive).unwrap();
    StoredImage::in_archive(std::fs::File::open(&archive).unwrap(), &archive).unwrap();
    let text = String::from_utf8_lossy(&std::fs::read(&archive).unwrap()).into_owned();
    assert_eq!(text.matches("\"artifactType\":\"application/spdx+json\",\"config\"").count(), 2);
}

#[test]
fn what_others_listed_stays_listed() {
    let (_folder, _layout, referrers) = attested();
    let digest = format!("sha256:{}", "a".repeat(64));
    let known = json!({"schemaVersion": 2, "manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 7, "artifactType": "x/y"},
    ]});
    let listed = referrers_index(&referrers, Some(known.to_string().as_bytes())).unwrap();
    let again = referrers_index(&referrers, Some(&listed)).unwrap();
    assert_eq!(listed, again);
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    assert_eq!(listed["manifests"].as_array().unwrap().len(), 3);
    assert_eq!(listed["manifests"][0], known["manifests"][0]);
    assert!(referrers_index(&referrers, Some(b"404")).is_none(), "what is no index is not replaced");
}
