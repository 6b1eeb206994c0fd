//! The checks, one file per group. Each sees everything and reports on its own.

mod app;
mod entries;
mod install_fields;
mod integrity;
mod links;
mod lockfile;
mod main_file;
mod manifests;
mod modes;
mod root_manifest;

use monorepo::{Finding, Monorepo};

use crate::archive::Archive;

/// The command that makes both archives anew.
pub(crate) const REBUILD: &str = "run `cargo xtask build-image`, which builds both archives anew";

/// What a check may look at.
pub(crate) struct Context<'a> {
    pub(crate) repo: &'a Monorepo,
    pub(crate) skeleton: Archive,
    pub(crate) bundle: Archive,
}

impl Context<'_> {
    /// Both archives.
    pub(crate) fn archives(&self) -> [&Archive; 2] {
        [&self.skeleton, &self.bundle]
    }
}

/// One check.
pub(crate) type Check = fn(&Context<'_>) -> Vec<Finding>;

/// Every check, in the order of its findings.
pub(crate) const CHECKS: &[Check] = &[
    integrity::missing,
    integrity::stopped,
    integrity::trailing,
    entries::unsafe_paths,
    links::unsafe_links,
    entries::special,
    entries::setuid,
    entries::duplicates,
    manifests::too_large,
    manifests::not_json,
    manifests::skeleton_lacks,
    manifests::skeleton_surplus,
    manifests::bundle_lacks,
    install_fields::differ,
    manifests::pair_differs,
    lockfile::differs,
    root_manifest::differs,
    main_file::missing,
    app::missing,
    modes::private_root,
];
