//! Whatever the documents of a layout hold, reading them ends in a value or an error.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;

use image::{Digest, Layout};
use proptest::prelude::*;

/// A layout whose index leads to a manifest and that to a configuration, each of these bytes.
fn layout(folder: &std::path::Path, manifest: &[u8], config: &[u8]) -> Layout {
    let layout = Layout::create(folder).unwrap();
    fs::write(layout.blob(&Digest::of(config)), config).unwrap();
    let text = String::from_utf8_lossy(manifest).replace("CONFIG", Digest::of(config).as_str());
    let manifest = text.replace("LENGTH", &config.len().to_string()).into_bytes();
    let digest = Digest::of(&manifest);
    fs::write(layout.blob(&digest), &manifest).unwrap();
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": manifest.len(),
        "annotations": {"org.opencontainers.image.ref.name": "app"}, "platform": {"os": "linux"}}]});
    fs::write(layout.folder().join("index.json"), index.to_string()).unwrap();
    layout
}

const MANIFEST: &str = r#"{"schemaVersion": 2, "layers": [], "unknown": 1,
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "CONFIG", "size": LENGTH}}"#;
const CONFIG: &str = r#"{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
    "config": {"Env": null, "Labels": null, "Cmd": ["a"], "Volumes": {}, "Healthcheck": {"Test": ["NONE"]}}}"#;

/// A text with a few of its bytes replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let places = prop::collection::vec((0..text.len(), any::<u8>()), 1..4);
    places.prop_map(move |places| {
        let mut bytes = text.as_bytes().to_vec();
        places.into_iter().for_each(|(at, byte)| bytes[at] = byte);
        bytes
    })
}

fn arbitrary(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![damaged(text), prop::collection::vec(any::<u8>(), 0..200), Just(text.as_bytes().to_vec())]
}

#[test]
fn what_docker_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let image = layout(folder.path(), MANIFEST.as_bytes(), CONFIG.as_bytes()).image("app").unwrap();
    assert_eq!((image.config.config.cmd, image.layers.len()), (vec!["a".to_owned()], 0));
}

#[test]
fn a_manifest_and_a_configuration_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let diff_ids = format!(r#""diff_ids": ["{}"]"#, Digest::of(b""));
    let config = CONFIG.replace(r#""diff_ids": []"#, &diff_ids);
    let error = layout(folder.path(), MANIFEST.as_bytes(), config.as_bytes()).image("app").unwrap_err().to_string();
    assert!(
        error.ends_with("expected: as many diff_ids as the manifest has layers, 0, and at most 1000\n  found: 1"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn documents_never_panic(manifest in arbitrary(MANIFEST), config in arbitrary(CONFIG)) {
        let folder = tempfile::tempdir().unwrap();
        let layout = layout(folder.path(), &manifest, &config);
        let _ = layout.image("app");
        let _ = layout.sweep();
    }

    #[test]
    fn an_index_never_panics(index in arbitrary(MANIFEST)) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        fs::write(folder.path().join("index.json"), index).unwrap();
        let _ = layout.image("app");
        let _ = layout.references();
        let _ = layout.sweep();
    }
}
