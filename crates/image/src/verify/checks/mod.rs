//! The checks, one file per group. Each sees everything and reports on its own.

mod addons;
mod configs;
mod leftovers;
mod licences;
mod node;
mod reading;
mod rights;
mod secrets;
mod size;
mod user;

pub use configs::config_files;
use diagnostics::Finding;
pub(crate) use leftovers::is_leftover;
pub(crate) use licences::{packages as debian_packages, records as debian_records};

use super::context::Context;

/// One check.
pub(crate) type Check = fn(&Context<'_>) -> Vec<Finding>;

/// Every check, in the order of its findings.
pub(crate) const CHECKS: &[Check] = &[
    user::root,
    reading::closed,
    reading::tmp,
    configs::missing,
    node::count,
    node::version,
    addons::foreign,
    addons::unlinked,
    addons::abi,
    addons::absent,
    leftovers::compilers,
    leftovers::caches,
    leftovers::git,
    leftovers::archives,
    secrets::found,
    rights::setuid,
    rights::writable,
    licences::missing,
    size::over,
];
