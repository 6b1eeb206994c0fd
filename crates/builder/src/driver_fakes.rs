//! Fakes of all that a driver works with. They note what is asked of them, and fail or are interrupted where a test
//! wants it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use anyhow::{Result, anyhow};
use artifacts::{ArchiveSummary, Verification};
use containers::LocalImage;
use diagnostics::{Baseline, BaselineResult, Finding, Severity};
use image::{
    ImageError, ImageSpec, LayerContents, Layout, Referrer, RunConfiguration, StoredImage, apply_baseline,
    prune::ExplainSize, sbom::Inventory,
};
use process::{EngineError, Event, Interrupt, Reporter};
use serde_json::Value;

use crate::archives;
use crate::backend::{Backend, Built, Job};
use crate::boot_image::{Bootable, Booter};
use crate::console::Console;
use crate::files::sha256;
use crate::git::Commit;
use crate::outputs::Publisher;
use crate::provenance::Origin;
use crate::state::LastBuild;
use crate::verifier::Verifier;

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

/// An engine whose image is as its recipe wants it.
pub(crate) struct FakeBackend<'a> {
    pub(crate) world: &'a World,
    pub(crate) fingerprint: &'static str,
    /// Id of the image that it builds.
    pub(crate) id: String,
    pub(crate) runs: RunConfiguration,
    /// Folder of its layout.
    pub(crate) layout: PathBuf,
}

impl FakeBackend<'_> {
    fn local(&self) -> LocalImage {
        LocalImage {
            id: self.id.clone(),
            names: Vec::new(),
            size: 1,
            layers: Vec::new(),
            user: String::new(),
            working_directory: String::new(),
            environment: Vec::new(),
            command: Vec::new(),
        }
    }
}

impl Backend for FakeBackend<'_> {
    type Image = ();

    fn description(&self) -> String {
        "fakes".to_owned()
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.to_owned()
    }

    fn find(&self, last: &LastBuild) -> Result<Option<((), LocalImage)>> {
        Ok((last.image_id == self.id).then(|| ((), self.local())))
    }

    fn run(&mut self, job: &Job<'_>) -> Result<Built<()>> {
        for name in [artifacts::SKELETON, artifacts::BUNDLE] {
            std::fs::write(job.incoming.join(name), format!("{name} of {}", self.fingerprint))?;
        }
        self.world.pass(Phase::Run)?;
        let verification = (job.verify_archives)(job.incoming);
        Ok(Built { image: (), runs: self.runs.clone(), verification })
    }

    fn pass_gates(&mut self) -> Result<()> {
        self.world.pass(Phase::Gates)
    }

    fn check_key(&self, (): &()) -> Option<String> {
        None
    }

    fn open(&self, (): &(), _scratch: &Path) -> Result<Result<StoredImage, ImageError>> {
        Ok(StoredImage::unnamed(&Layout::create(&self.layout)?, &ImageSpec::default()))
    }

    fn bootable(&self, (): &()) -> Result<Bootable> {
        Ok(Bootable::Files(Box::new(self.open(&(), Path::new(""))??)))
    }

    fn name(&self, (): &()) -> Result<LocalImage> {
        self.world.pass(Phase::Name).map(|()| self.local())
    }

    fn discard(&self, (): &()) {
        self.world.goes_well(Phase::Discard);
    }

    fn base_id(&self) -> Result<String> {
        Ok(String::new())
    }

    fn origin(&self) -> Result<Origin> {
        Ok(Origin { engine: "fake", commit: Commit::default(), inputs: Vec::new() })
    }

    fn layout(&self, (): &(), _scratch: &Path) -> Result<Layout> {
        Ok(Layout::create(&self.layout)?)
    }

    fn place(&self) -> String {
        "fake:image".to_owned()
    }

    fn sizes(&self) -> Option<ExplainSize> {
        None
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
