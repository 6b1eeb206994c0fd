//! What `verify-image` looks at, in a build: before the image has its name.

use std::path::Path;

use anyhow::{Context, Result};
use containers::docker::Docker;
use diagnostics::{Baseline, BaselineResult};
use image::{
    Budget, ImageError, ImageSpec, LayerContents, LayerNotes, Layout, StoredImage, apply_baseline, damaged,
    sbom::Inventory,
};
use monorepo::Monorepo;
use process::Interrupt;

use crate::baseline;
use crate::flags::BuildImage;
use crate::state::State;

/// Folder of what was read of the last image's layers.
const NOTES: &str = "verified";
/// The commands that write a baseline for a build.
const WRITERS: &[&str] = &["verify-artifacts", "verify-image IMAGE"];

/// The findings that the files named by `--baseline` accept, of archives and images alike.
pub(super) fn accepted(flags: &BuildImage) -> Result<Baseline> {
    let mut all = Baseline::default();
    for file in &flags.baseline {
        all.extend(baseline::read(file, WRITERS)?);
    }
    Ok(all)
}

/// What an image holds.
#[derive(Default)]
pub(super) struct Stock {
    pub(super) inventory: Inventory,
    pub(super) contents: Vec<LayerContents>,
}

/// What it takes to verify an image of this build.
pub(super) struct ImageCheck<'a> {
    tag: &'a str,
    budget: Budget,
    accepted: &'a Baseline,
    notes: LayerNotes,
}

impl<'a> ImageCheck<'a> {
    /// Layers that the last verified build had are not read again.
    pub(super) fn new(flags: &'a BuildImage, repo: &Monorepo, accepted: &'a Baseline, state: &State) -> Self {
        let budget = Budget { node: Some(repo.node.clone()), max_size: None };
        Self { tag: &flags.tag, budget, accepted, notes: LayerNotes::in_folder(state.path(NOTES)) }
    }

    /// An image whose layers are in a layout, and which is not written there yet.
    pub(super) fn of_layout(&self, layout: &Path, spec: &ImageSpec) -> Result<BaselineResult> {
        Ok(self.judge(StoredImage::unnamed(&Layout::open(layout)?, spec))?.0)
    }

    /// An image of Docker's, by its id.
    pub(super) fn of_docker(
        &self,
        docker: &Docker,
        id: &str,
        scratch: &Path,
        interrupt: &Interrupt,
    ) -> Result<BaselineResult> {
        Ok(self.judge(saved(docker, id, scratch, interrupt)?)?.0)
    }

    /// The same, and what the image holds, when it can be read; Docker writes it out once.
    pub(super) fn of_docker_with_stock(
        &self,
        docker: &Docker,
        id: &str,
        scratch: &Path,
        interrupt: &Interrupt,
    ) -> Result<(BaselineResult, Stock)> {
        let (judged, image) = self.judge(saved(docker, id, scratch, interrupt)?)?;
        let stock = image
            .map(|image| anyhow::Ok(Stock { inventory: self.inventory(&image)?, contents: self.contents(&image)? }));
        Ok((judged, stock.transpose()?.unwrap_or_default()))
    }

    /// What is in each layer of an image; layers that were verified are not read again.
    pub(super) fn contents(&self, image: &StoredImage) -> Result<Vec<LayerContents>> {
        Ok(self.notes.contents(image)?)
    }

    /// What an image holds; layers that were verified are not read again.
    pub(super) fn inventory(&self, image: &StoredImage) -> Result<Inventory> {
        Ok(self.notes.inventory(image)?)
    }

    /// The findings about an image, and the image if it could be read.
    fn judge(&self, image: Result<StoredImage, ImageError>) -> Result<(BaselineResult, Option<StoredImage>)> {
        match image {
            Ok(image) => Ok((self.notes.verify(self.tag, &image, &self.budget, self.accepted)?, Some(image))),
            Err(error) => Ok((apply_baseline(self.tag, damaged(self.tag, error)?.findings, self.accepted), None)),
        }
    }
}

/// Docker's archive of an image, in a file that is gone with this process.
fn saved(docker: &Docker, id: &str, scratch: &Path, interrupt: &Interrupt) -> Result<Result<StoredImage, ImageError>> {
    let file = tempfile::tempfile_in(scratch).context("making a file in the state folder")?;
    docker.save(id, file.try_clone().context("sharing a file")?, interrupt)?;
    Ok(StoredImage::in_archive(file, Path::new(id)))
}
