//! One file per command.

pub(crate) mod base_image;
pub(crate) mod boot_image;
pub(crate) mod build_image;
pub(crate) mod check;
pub(crate) mod ci;
pub(crate) mod clean;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod manual;
pub(crate) mod render;
pub(crate) mod test;
pub(crate) mod vendor;
pub(crate) mod verify_artifacts;
pub(crate) mod verify_image;
