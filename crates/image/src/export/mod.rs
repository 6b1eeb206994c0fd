//! Giving an image away, in the forms that other programs read. Each appears under its name only when it
//! is complete.

mod archive;
mod docker;
mod folder;

pub use archive::export_oci_archive;
pub(crate) use archive::into_file;
pub use docker::{DockerArchive, export_docker_archive, write_docker_archive};
pub use folder::export_oci_folder;
