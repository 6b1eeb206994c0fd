//! Packages of the npm registry that tests use, pinned: one that cannot be fetched fails the test.

use std::path::PathBuf;

use process::{Event, Interrupt, Reporter};
use rootfs::Roots;

/// A package by name, version and integrity.
pub(crate) type Package = (&'static str, &'static str, &'static str);

struct Silent;

impl Reporter for Silent {
    fn report(&self, _: &Event) {}
}

/// Where tests keep what they fetched.
pub(crate) fn folder() -> PathBuf {
    std::env::temp_dir().join("backstage-xtask-test-standards")
}

pub(crate) fn fetch((name, version, integrity): Package) -> PathBuf {
    let folder = folder();
    let interrupt = Interrupt::default();
    let roots = Roots { shared: &folder, mirrors: &[], ca_file: None, interrupt: &interrupt, reporter: &Silent };
    roots.npm_package(name, version, Some(integrity)).unwrap_or_else(|error| {
        panic!("{error}\nhint: if {name}@{version} is gone, pin another version where this test names it")
    })
}
