//! Findings that were accepted, and layers that were read before.

use diagnostics::{Baseline, BaselineResult};
use image::{LayerNotes, StoredImage, apply_baseline};

use crate::fixture::{ADDON, Fixture, NODE};

/// An image with a finding of every part that is remembered: of the base, of packages, of the app, of a layer
/// that hides something.
fn unsound() -> Fixture {
    let mut image = Fixture::good().without(ADDON);
    image.base("app/node_modules/.cache/node-gyp/x", "");
    image.base("usr/bin/gcc-14", "");
    let manifest = r#"{"name": "addon", "version": "1.2.3", "scripts": {"install": "node-gyp rebuild"}}"#;
    image.app("app/node_modules/addon/package.json", manifest);
    image.app("app/node_modules/other/package.json", r#"{"name": "other", "dependencies": {"addon": "1"}}"#);
    image.app("app/node_modules/other/a.node", "text");
    image.app.add_bytes("app/node_modules/other/open.js", "", 0o666, NODE).unwrap();
    image.app.add_bytes("app/node_modules/other/closed.js", "", 0o600, NODE).unwrap();
    image.app("app/.npmrc", "//x/:_authToken=0123456789abcdef\n");
    let mut hides = image::LayerFiles::new();
    hides.add_bytes("app/.wh..npmrc", "", 0o644, NODE).unwrap();
    image.more.push(hides);
    image
}

#[test]
fn what_is_remembered_gives_the_same_findings() {
    for fixture in [Fixture::good(), unsound()] {
        let folder = fixture.write();
        let image = StoredImage::in_folder(folder.path(), None).unwrap();
        let notes = LayerNotes::in_folder(folder.path().join("notes"));
        let verify = || notes.verify("app:1", &image, &fixture.budget, &Baseline::default()).unwrap();
        let expected = fixture.verify().findings;
        assert_eq!(verify().findings, expected);
        // Nothing is read now.
        for blob in std::fs::read_dir(folder.path().join("blobs/sha256")).unwrap().flatten() {
            std::fs::write(blob.path(), "").unwrap();
        }
        assert_eq!(verify().findings, expected);
        // What is not as it was written is not believed.
        for file in std::fs::read_dir(folder.path().join("notes")).unwrap().flatten() {
            let text = std::fs::read_to_string(file.path()).unwrap();
            std::fs::write(file.path(), text.replace("node", "n0de")).unwrap();
        }
        assert_eq!(verify().findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["BI005"]);
    }
    assert!(unsound().verify().findings.len() > 6, "{:#?}", unsound().verify().findings);
}

#[test]
fn what_is_accepted_does_not_count_under_any_name() {
    let found = unsound().verify();
    let json = found.baseline.to_json();
    assert!(json.contains(r#""subject": "image""#), "{json}");
    let all = Baseline::parse(&json).unwrap();
    let mut renamed = found.findings.clone();
    renamed.iter_mut().for_each(|finding| finding.subject = "app:2".to_owned());
    let judged = apply_baseline("app:2", renamed.clone(), &all);
    assert_eq!((judged.findings, judged.accepted), (Vec::new(), renamed));
    let gone = apply_baseline("app:2", Vec::new(), &all).findings;
    assert!(gone.iter().all(|finding| finding.code == "BI026") && gone.len() == found.findings.len(), "{gone:#?}");
    // What verify-artifacts accepts in the same file is not its business.
    let other = Baseline::parse(r#"[{"code": "BX022", "subject": "bundle.tar.gz"}]"#).unwrap();
    assert_eq!(apply_baseline("app:2", Vec::new(), &other), BaselineResult::default());
}
