//! Fakes of all that a driver works with. They note what is asked of them, and fail or are interrupted where a test
//! wants it.

mod backend;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use anyhow::{Result, anyhow};
use artifacts::{ArchiveSummary, Verification};
use diagnostics::{Baseline, BaselineResult, Finding, Severity};
use image::{ImageError, LayerContents, Layout, Referrer, StoredImage, apply_baseline, sbom::Inventory};
use process::{EngineError, Event, Interrupt, Reporter};
use serde_json::Value;

use crate::archives;
use crate::boot_image::{Bootable, Booter};
use crate::console::Console;
use crate::files::sha256;
use crate::outputs::Publisher;
use crate::verifier::Verifier;
pub(crate) use backend::FakeBackend;

/// What the fakes are asked, in the order of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Run,
    Archives,
    Image,
    Gates,
    Boot,
    Publish,
    Name,
    Outputs,
    Discard,
}

/// The world of one test: what goes wrong in it, and what was asked.
#[derive(Default)]
pub(crate) struct World {
    /// Fails.
    broken: Option<Phase>,
    /// In its course somebody interrupts.
    interrupted: Option<Phase>,
    pub(crate) interrupt: Interrupt,
    asked: Mutex<Vec<Phase>>,
}

impl World {
    /// One in which this fails.
    pub(crate) fn broken(phase: Phase) -> Self {
        Self { broken: Some(phase), ..Self::default() }
    }

    /// One in which somebody interrupts in the course of this.
    pub(crate) fn interrupted(phase: Phase) -> Self {
        Self { interrupted: Some(phase), ..Self::default() }
    }

    /// All that was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Phase> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// Notes it; gives whether it goes well.
    fn goes_well(&self, phase: Phase) -> bool {
        self.asked.lock().unwrap().push(phase);
        if self.interrupted == Some(phase) {
            self.interrupt.0.store(true, Ordering::Relaxed);
        }
        self.broken != Some(phase)
    }

    fn pass(&self, phase: Phase) -> Result<()> {
        if self.goes_well(phase) { Ok(()) } else { Err(anyhow!("{phase:?} is broken")) }
    }

    fn findings(&self, phase: Phase, code: &'static str) -> Vec<Finding> {
        if self.goes_well(phase) { Vec::new() } else { vec![finding(code)] }
    }
}

fn finding(code: &'static str) -> Finding {
    Finding {
        code,
        severity: Severity::Error,
        subject: "subject".to_owned(),
        entry: None,
        key: None,
        line: None,
        expected: "soundness".to_owned(),
        found: "damage".to_owned(),
        why: "it matters.",
        next: "look".to_owned(),
    }
}

impl Verifier for World {
    fn archives(&self, folder: &Path) -> Verification {
        let summary = |name: &str| ArchiveSummary {
            name: name.to_owned(),
            bytes: 1,
            sha256: sha256(&folder.join(name)).unwrap(),
            entries: 1,
            unpacked_bytes: 1,
        };
        Verification {
            archives: [artifacts::SKELETON, artifacts::BUNDLE].map(summary).to_vec(),
            findings: self.findings(Phase::Archives, "BX000"),
            accepted: Vec::new(),
            baseline: Baseline::default(),
        }
    }

    fn image(&self, image: Result<&StoredImage, ImageError>) -> Result<BaselineResult> {
        image?;
        Ok(apply_baseline("subject", self.findings(Phase::Image, "IM000"), &Baseline::default()))
    }

    fn contents(&self, _image: &StoredImage) -> Result<Vec<LayerContents>> {
        Ok(Vec::new())
    }

    fn inventory(&self, _image: &StoredImage) -> Result<Inventory> {
        Ok(Inventory::default())
    }
}

impl Booter for World {
    fn boot(&self, _image: Bootable, consequence: &str) -> Result<()> {
        self.pass(Phase::Boot).map_err(|error| anyhow!("the image does not run{consequence}: {error}"))
    }
}

impl Publisher for World {
    fn archives(&self, incoming: &Path, folder: &Path) -> Result<()> {
        self.pass(Phase::Publish)?;
        archives::publish(incoming, folder)
    }

    fn image(&self, _layout: &Layout, _referrers: &[Referrer], _scratch: &Path) -> Result<Vec<String>> {
        self.pass(Phase::Outputs).map(|()| vec!["fake:output".to_owned()])
    }
}

/// Listens to nobody.
pub(crate) struct Silence;

impl Reporter for Silence {
    fn report(&self, _event: &Event) {}
}

impl Console for Silence {
    fn line(&self, _text: &str) {}

    fn block(&self, _text: &str) {}

    fn warning(&self, _text: &str) {}

    fn message(&self, _event: &str, _fields: Value) {}

    fn typeable(&self, text: &str) -> String {
        text.to_owned()
    }

    fn error_text(&self, error: &anyhow::Error) -> String {
        format!("{error:#}")
    }
}

/// Whether somebody interrupted.
pub(crate) fn is_interrupt(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<EngineError>(), Some(EngineError::Interrupted))
}
