//! What a report is made of: all that became known of a build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::LayerContents;

use super::found::Found;
use super::record::Record;
use super::timeline::Needs;
use crate::console::Console;

/// The engines, as a report names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineName {
    Docker,
    Embedded,
}

impl EngineName {
    /// As the flag has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Embedded => "embedded",
        }
    }
}

/// What became known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) engine: Option<EngineName>,
    /// The steps in their order, each with what it is for.
    pub(crate) steps: Vec<(String, String)>,
    pub(crate) needs: Needs,
    /// The image's working directory.
    pub(crate) folder: String,
    /// Why each step ran that did, where the engine knows.
    pub(crate) why: BTreeMap<String, Vec<String>>,
    /// What verifiers found; nothing when none was asked.
    pub(crate) findings: Option<Vec<Found>>,
    pub(crate) contents: Vec<LayerContents>,
    pub(crate) previous: Option<Record>,
    /// Where the next build looks for this one.
    pub(crate) record: PathBuf,
}

impl Facts {
    /// With the commands in its findings as they can be typed here.
    pub(crate) fn typeable(&self, console: &dyn Console) -> Self {
        let mut facts = self.clone();
        let before = facts.previous.iter_mut().map(|record| &mut record.findings);
        for found in facts.findings.iter_mut().chain(before).flatten() {
            found.next = console.typeable(&found.next);
        }
        facts
    }
}
