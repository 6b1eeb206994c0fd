//! The checks, one file per group. Each sees everything and reports on its own.

mod app;
mod case;
mod entries;
mod entry_points;
pub(crate) mod frontend;
mod install_fields;
mod integrity;
mod links;
mod local_dependencies;
mod lockfile;
mod main_file;
mod manifests;
mod modes;
mod modules;
mod packed_files;
mod private;
mod root_manifest;
pub(crate) mod scripts;
mod source_maps;
mod stale;

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
    stale::sources,
    main_file::missing,
    app::missing,
    frontend::unknown_assets,
    frontend::no_template,
    frontend::no_schema,
    entry_points::missing,
    local_dependencies::missing,
    frontend::unbundled,
    frontend::absent,
    private::local_settings,
    private::node_modules,
    private::secrets,
    source_maps::found,
    case::differs,
    scripts::found,
    modes::private_root,
];

/// The checks that make sense of the app in an image: there is no archive, and no skeleton; links, special files and
/// modes are the image's.
pub(crate) const CHECKS_IN_IMAGE: &[Check] = &[
    manifests::too_large,
    manifests::not_json,
    manifests::bundle_lacks,
    install_fields::differ,
    lockfile::differs,
    root_manifest::differs,
    stale::sources,
    main_file::missing,
    app::missing,
    frontend::unknown_assets,
    frontend::no_template,
    frontend::no_schema,
    entry_points::missing,
    local_dependencies::missing,
    frontend::unbundled,
    frontend::absent,
    private::local_settings,
    private::secrets,
    source_maps::found,
    scripts::found,
];
