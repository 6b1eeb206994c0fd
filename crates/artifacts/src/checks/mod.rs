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
mod unseen;

use diagnostics::Finding;
use monorepo::Monorepo;

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
type Check = fn(&Context<'_>) -> Vec<Finding>;

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The app, in the bundle as in an image.
    App,
    /// What only archives have. An image has no skeleton, and its links, special files and modes are not the
    /// bundle's.
    Archives,
}

/// Every check, in the order of its findings.
const CHECKS: &[(Of, Check)] = &[
    (Of::Archives, integrity::missing),
    (Of::Archives, integrity::stopped),
    (Of::Archives, integrity::trailing),
    (Of::Archives, entries::unsafe_paths),
    (Of::Archives, links::unsafe_links),
    (Of::Archives, entries::special),
    (Of::Archives, entries::setuid),
    (Of::Archives, entries::duplicates),
    (Of::App, manifests::too_large),
    (Of::App, manifests::not_json),
    (Of::Archives, manifests::skeleton_lacks),
    (Of::Archives, manifests::skeleton_surplus),
    (Of::App, manifests::bundle_lacks),
    (Of::App, install_fields::differ),
    (Of::Archives, manifests::pair_differs),
    (Of::App, lockfile::differs),
    (Of::App, root_manifest::differs),
    (Of::App, stale::sources),
    (Of::App, main_file::missing),
    (Of::App, app::missing),
    (Of::App, frontend::unknown_assets),
    (Of::App, frontend::no_template),
    (Of::App, frontend::no_schema),
    (Of::App, entry_points::missing),
    (Of::App, local_dependencies::missing),
    (Of::App, frontend::unbundled),
    (Of::App, frontend::absent),
    (Of::App, private::local_settings),
    (Of::Archives, private::node_modules),
    (Of::App, private::secrets),
    (Of::App, source_maps::found),
    (Of::Archives, case::differs),
    (Of::App, scripts::found),
    (Of::Archives, modes::private_root),
];

/// What is found in both archives.
pub(crate) fn of_archives(context: &Context<'_>) -> Vec<Finding> {
    CHECKS.iter().flat_map(|(_, check)| check(context)).collect()
}

/// What is found in the app of an image.
pub(crate) fn of_image(context: &Context<'_>) -> Vec<Finding> {
    CHECKS.iter().filter(|(of, _)| *of == Of::App).flat_map(|(_, check)| check(context)).collect()
}
