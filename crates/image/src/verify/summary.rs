//! An image in numbers.

use serde::Serialize;

use super::context::Context;
use super::packages;
use crate::digest::Digest;
use crate::prune::{Count, PackageSize};
use crate::read::{ImageTree, StoredImage};

/// How many of the largest packages are listed.
const LARGEST: usize = 20;

/// An image in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageSummary {
    /// Digest of the configuration.
    pub id: Digest,
    /// Kind of processor, by Go's names.
    pub architecture: String,
    /// Version of the only Node, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Its files, as a container sees them.
    pub files: Count,
    /// Number of layers.
    pub layers: usize,
    /// Bytes of the layers as they are stored.
    pub stored_bytes: u64,
    /// Number of installed packages of npm, each version once.
    pub packages: usize,
    /// The largest of them.
    pub largest: Vec<PackageSize>,
}

pub(super) fn of(image: &StoredImage, context: &Context<'_>) -> ImageSummary {
    let mut largest = packages::sizes(context);
    let packages = largest.len();
    largest.truncate(LARGEST);
    let mut nodes = context.nodes();
    ImageSummary {
        id: image.id.clone(),
        architecture: image.config.architecture.clone(),
        node: if nodes.len() == 1 { nodes.remove(0).version } else { None },
        files: files_of(context.tree),
        layers: image.layers.len(),
        stored_bytes: image.layers.iter().map(|layer| layer.bytes()).sum(),
        packages,
        largest,
    }
}

/// All files; one with several names counts its bytes once.
pub(super) fn files_of<T>(tree: &ImageTree<T>) -> Count {
    let mut count = Count::default();
    tree.files().for_each(|(_, node)| count.add(node.bytes()));
    count
}
