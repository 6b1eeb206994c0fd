//! Whether an image can run, and may ship: found out from its files, without an engine.
//!
//! A new check is a function in `checks/` with a row in its table, a code in `codes.rs` with its page, and an
//! image with the defect in the tests.

mod accepted;
mod against;
pub(crate) mod checks;
mod contents;
pub(crate) mod context;
mod elf;
mod node;
pub(crate) mod notes;
pub(crate) mod packages;
mod platform;
mod remembered;
mod summary;

pub use accepted::apply_baseline;
pub use against::{Change, Comparison, PackageChange, SharedLayers};
pub use checks::config_files;
pub use contents::{LayerContents, OwnerKind, Share};
pub use node::{module_version, node_version_of_header};
pub use remembered::LayerNotes;
pub use summary::ImageSummary;

use diagnostics::{At, Baseline, BaselineResult, Finding, Severity};
use monorepo::NodeVersion;
use serde::Serialize;

use crate::codes::DAMAGED;
use crate::error::ImageError;
use crate::read::{ImageTree, Memory, StoredImage};
use crate::sbom::{Inventory, inventory};
use checks::CHECKS;
use context::{Context, FindingText};
use notes::Note;

/// What is expected of an image beyond what every image needs.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    /// The Node that the repository asks for.
    pub node: Option<NodeVersion>,
    /// Most bytes of its files.
    pub max_size: Option<u64>,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageVerification {
    /// The image in numbers, when it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<ImageSummary>,
    /// What changed against the other image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Comparison>,
    /// Everything there is to say.
    pub findings: Vec<Finding>,
    /// What the baseline accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Finding>,
    /// The baseline that would accept everything found.
    #[serde(skip)]
    pub baseline: Baseline,
    /// What the image holds; nothing when it could not be read.
    #[serde(skip)]
    pub inventory: Inventory,
}

impl ImageVerification {
    fn new(subject: &str, found: Vec<Finding>, accepted: &Baseline) -> Self {
        let BaselineResult { findings, accepted, baseline } = apply_baseline(subject, found, accepted);
        Self { summary: None, against: None, findings, accepted, baseline, inventory: Inventory::default() }
    }

    /// Whether nothing found forbids shipping the image.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity < Severity::Error)
    }
}

/// Verifies an image; with another one, also what changed against it. `subject` is its name in findings. An image
/// that is damaged is a finding.
///
/// # Errors
/// The disk refused, or the other image is damaged.
pub fn verify_image(
    subject: &str,
    image: &StoredImage,
    other: Option<&StoredImage>,
    budget: &Budget,
    accepted: &Baseline,
) -> Result<ImageVerification, ImageError> {
    let tree = match read(image) {
        Ok(tree) => tree,
        Err(error) => return Ok(ImageVerification::new(subject, vec![damage(subject, error)?], accepted)),
    };
    let context = Context { subject, config: &image.config, tree: &tree, budget };
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&context)).collect();
    let mut compared = None;
    if let Some(other) = other {
        let tree = read(other)?;
        let other_context = Context { subject, config: &other.config, tree: &tree, budget };
        findings.extend(against::migrations(&context, &other_context));
        compared = Some(against::compare((image, &context), (other, &other_context)));
    }
    let summary = Some(summary::of(image, &context));
    let verification = ImageVerification::new(subject, findings, accepted);
    let inventory = inventory(&image.config, &tree);
    Ok(ImageVerification { summary, against: compared, inventory, ..verification })
}

fn read(image: &StoredImage) -> Result<ImageTree<Note>, ImageError> {
    let memory = Memory::new();
    image.read(&|head, data| notes::inspect(head, data, &memory))
}

/// The verification of an image that cannot be read: one finding says why.
///
/// # Errors
/// It is not the image's fault.
pub fn damaged(subject: &str, error: ImageError) -> Result<ImageVerification, ImageError> {
    Ok(ImageVerification::new(subject, vec![damage(subject, error)?], &Baseline::default()))
}

fn damage(subject: &str, error: ImageError) -> Result<Finding, ImageError> {
    let ImageError::Unexpected { file, expected, found } = error else { return Err(error) };
    let next = "build or copy the image again; if it stays, look at the disk it is on";
    let text = FindingText { expected: &expected, found: &found, next };
    Ok(DAMAGED.finding(At::entry(subject, &file.display().to_string()), text))
}
