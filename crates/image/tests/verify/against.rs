//! One image against another.

use crate::fixture::{Fixture, NODE, only};

#[test]
fn what_changed() {
    let (mut image, mut other) = (Fixture::good(), Fixture::good());
    image.app("app/node_modules/addon/package.json", r#"{"name": "addon", "version": "2.0.0"}"#);
    image.app("app/node_modules/@s/new/package.json", r#"{"name": "@s/new", "version": "1.0.0"}"#);
    image.app("app/node_modules/@s/new/esm/package.json", r#"{"type": "module"}"#);
    other.app("app/node_modules/old/package.json", r#"{"name": "old", "version": "1.0.0"}"#);
    let verification = image.verify_against(&other);
    assert_eq!(verification.findings, []);
    let comparison = verification.against.unwrap();
    let packages: Vec<_> = comparison
        .packages
        .iter()
        .map(|change| (change.package.as_str(), change.versions.before.as_str(), change.versions.after.as_str()))
        .collect();
    assert_eq!(packages, [("@s/new", "", "1.0.0"), ("addon", "1.2.3", "2.0.0"), ("old", "1.0.0", "")]);
    assert_eq!((comparison.layers.shared, comparison.layers.count.after), (1, 2));
    assert_eq!((comparison.files.before.files, comparison.files.after.files), (12, 13));
}

#[test]
fn a_migration_that_only_the_other_image_has() {
    let (image, mut other) = (Fixture::good(), Fixture::good());
    other.app.add_bytes("app/node_modules/addon/migrations/2_second.js", "", 0o644, NODE).unwrap();
    other.app.add_bytes("app/node_modules/gone/migrations/1_first.js", "", 0o644, NODE).unwrap();
    let findings = image.verify_against(&other).findings;
    only(&findings, "BI024", Some("addon/migrations"), "every migration that the other image has", "no 2_second.js");
    assert_eq!(other.verify_against(&image).findings, [], "forward is fine");
}
