//! What is large in an app, and what was left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::class::PruneClass;

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Number of bytes.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
}

impl Count {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.files += 1;
    }
}

/// A package, and what was kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSize {
    /// `name@version`.
    pub package: String,
    /// What was kept, without packages nested in it; all copies together.
    #[serde(flatten)]
    pub kept: Count,
}

/// Where the bytes of an app are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainSize {
    /// What was kept in all.
    pub kept: Count,
    /// What was left out, by class.
    pub classes: BTreeMap<PruneClass, Count>,
    /// The packages, the largest first.
    pub packages: Vec<PackageSize>,
}

impl ExplainSize {
    /// What was left out in all.
    pub fn left_out(&self) -> Count {
        let sum = |sum: Count, count: &Count| Count { bytes: sum.bytes + count.bytes, files: sum.files + count.files };
        self.classes.values().fold(Count::default(), sum)
    }
}
