//! Images as data: layers, layouts and archives of the OCI image specification 1.1, what may be left out
//! of them, how an image runs, and what is wrong with it.
//!
//! The same files give the same bytes, on every machine. What is written appears under its name only when
//! it is complete.

mod codes;
mod compress;
pub mod debian;
mod digest;
mod document;
mod error;
mod export;
mod folder;
mod image;
mod layer;
mod layer_files;
mod layout;
mod open;
mod part_cache;
mod platform;
mod prebuild;
pub mod provenance;
pub mod prune;
mod read;
mod referrers;
mod run_configuration;
pub mod sbom;
mod source;
mod sweep;
mod tar;
mod tar_stream;
mod verify;
mod verify_blobs;

pub use codes::CODES;
pub use compress::Compression;
pub use digest::Digest;
pub use document::{ContainerConfig, Descriptor, Healthcheck, History, ImageConfig, Pairs, RootFs};
pub use error::ImageError;
pub use export::{DockerArchive, export_docker_archive, export_oci_archive, export_oci_folder, write_docker_archive};
pub use folder::Candidate;
pub use image::{Image, ImageDigest, ImageSpec, write_image};
pub use layer::{Layer, write_archive, write_layer};
pub use layer_files::{Content, Entry, EntryKind, LayerFiles, Owner};
pub use layout::Layout;
pub use part_cache::PartCache;
pub use platform::{Libc, Platform};
pub use read::{FileHead, ImageTree, Node, NodeKind, StoredImage, StoredLayer, read_layers};
pub use referrers::{Attachment, Referrer, referrers_index};
pub use run_configuration::{RunConfiguration, verify_run_configuration};
pub use source::{ImageForm, ImageSource};
pub use sweep::Swept;
pub use verify::{
    Budget, Change, Comparison, ImageSummary, ImageVerification, LayerContents, LayerNotes, OwnerKind, PackageChange,
    Share, SharedLayers, apply_baseline, config_files, damaged, module_version, node_version_of_header, verify_image,
};
pub use verify_blobs::{BadBlob, verify_blobs};
