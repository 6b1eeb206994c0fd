//! An engine of fakes.

use std::path::{Path, PathBuf};

use anyhow::Result;
use containers::LocalImage;
use image::{ImageError, ImageSpec, Layout, RunConfiguration, StoredImage, prune::ExplainSize};

use super::{Phase, World};
use crate::backend::{Backend, Built, Job};
use crate::boot_image::Bootable;
use crate::git::Commit;
use crate::provenance::Origin;
use crate::state::LastBuild;

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
