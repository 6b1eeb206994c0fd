//! A good pair of archives for a small repository, and one damaged pair for every finding.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod baseline;
mod entries;
mod frontend;
mod hostile;
mod integrity;
mod manifests;
mod output;
mod packages;
mod pair;
mod repo;
mod scripts;
mod shipping;
mod stale;

use artifacts::{BUNDLE, SKELETON};
use pair::Pair;

#[test]
fn a_good_pair_gives_no_finding() {
    let pair = Pair::good();
    let verification = pair.verify();
    assert_eq!(verification.findings, []);
    assert!(verification.is_sound());
}

#[test]
fn the_summary_has_the_numbers_of_both_archives() {
    let pair = Pair::good();
    let verification = pair.verify();
    let [skeleton, bundle] = &verification.archives[..] else { panic!("{verification:?}") };
    assert_eq!((skeleton.name.as_str(), bundle.name.as_str()), (SKELETON, BUNDLE));
    assert_eq!((skeleton.entries, bundle.entries), (3, pair.bundle.len()));
    assert_eq!(skeleton.bytes, pair.skeleton_bytes().len() as u64);
    assert_eq!(bundle.sha256, pair::sha256(&pair.bundle_bytes()));
    let sizes: usize = pair.bundle.iter().map(|item| item.data.len()).sum();
    assert_eq!(bundle.unpacked_bytes, sizes as u64);
}

#[test]
fn every_defect_is_reported_not_only_the_first() {
    let mut pair = Pair::good();
    pair.skeleton.retain(|item| item.path != "plugins/x/package.json");
    pair.bundle.retain(|item| item.path != "yarn.lock" && item.path != "packages/backend/dist/index.cjs.js");
    assert_eq!(
        pair.verify().findings.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        ["BX016", "BX022", "BX024"]
    );
}

#[test]
fn the_verification_serializes_with_its_severity_in_words() {
    let mut pair = Pair::good();
    pair.bundle.retain(|item| item.path != "yarn.lock");
    let json = serde_json::to_value(pair.verify()).unwrap();
    assert_eq!(json["findings"][0]["severity"], "error");
    assert_eq!(json["archives"][0]["name"], SKELETON);
}

#[test]
fn a_note_leaves_the_pair_sound() {
    let mut pair = Pair::good();
    pair.bundle.insert(0, pair::Item::folder("./", 0o700));
    let verification = pair.verify();
    assert_eq!(verification.findings[0].code, "BX026");
    assert_eq!(verification.findings[0].found, "mode 0700");
    assert_eq!(verification.findings.len(), 1);
    assert!(verification.is_sound());
}
