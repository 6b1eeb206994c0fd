//! Reading an image that is there as files: an OCI layout, the same in an archive, or what `docker save` writes.
//!
//! The bytes are untrusted. They are streamed once, within the limits of `limits.rs`, and compared with their
//! digests. This is the only reader: what is verified, booted and built upon is the tree that it makes.

mod decompress;
mod digesting;
mod docker;
mod entry;
mod import;
mod layer;
mod limits;
mod merge;
mod oci;
mod section;
mod store;
mod stored;
mod tree;

pub use entry::FileHead;
pub(crate) use entry::{Head, MemberKind};
pub(crate) use layer::{Entries, read as read_layer};
pub(crate) use limits::Memory;
pub(crate) use oci::documents;
pub(crate) use store::Store;
pub use stored::{StoredImage, StoredLayer, read_layers};
pub use tree::{ImageTree, Node, NodeKind};
