//! One file per command.

pub(crate) mod base_image;
pub(crate) mod boot_image;
pub(crate) mod build_image;
pub(crate) mod check;
pub(crate) mod ci;
pub(crate) mod clean;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod explain;
#[cfg(feature = "maintainer")]
pub(crate) mod maintainer;
#[cfg(feature = "manual")]
pub(crate) mod manual;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod verify_artifacts;
pub(crate) mod verify_image;
