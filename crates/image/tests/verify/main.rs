//! A good image, and one damaged image for every finding.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "helpers of tests")]

mod accepted;
mod addons;
mod against;
mod elf;
mod fixture;
mod leftovers;
mod reader;
mod running;

use fixture::Fixture;

#[test]
fn a_good_image_gives_no_finding() {
    let verification = Fixture::good().verify();
    assert_eq!(verification.findings, []);
    assert!(verification.is_sound());
}

#[test]
fn the_summary_has_the_numbers() {
    let summary = Fixture::good().verify().summary.unwrap();
    assert_eq!((summary.architecture.as_str(), summary.node.as_deref()), ("amd64", Some("24.21.0")));
    assert_eq!((summary.layers, summary.files.files, summary.packages), (2, 11, 1));
    assert_eq!(summary.largest[0].package, "addon@1.2.3");
    assert_eq!(summary.largest[0].kept.files, 3);
}
