//! Reading an image that is there as files: an OCI layout, the same in an archive, or what `docker save` writes.
//!
//! The bytes are untrusted. They are streamed once, within the limits of `limits.rs`, compared with their
//! digests, and never unpacked to disk.

mod decompress;
mod digesting;
mod docker;
mod entry;
mod layer;
mod limits;
mod merge;
mod oci;
mod section;
mod store;
mod stored;
mod tree;

pub use decompress::Decompressed;
pub(crate) use entry::{FileHead, Head, Kind};
pub(crate) use layer::{Entries, read as read_layer};
pub(crate) use limits::Memory;
pub use stored::{StoredImage, StoredLayer};
pub use tree::{ImageTree, Node, NodeKind};
