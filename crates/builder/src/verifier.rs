//! What `verify-artifacts` and `verify-image` look at, in a build: before the image has its name.

use std::path::Path;

use anyhow::Result;
use artifacts::Verification;
use diagnostics::{Baseline, BaselineResult};
use image::{Budget, ImageError, LayerContents, LayerNotes, StoredImage, apply_baseline, damaged, sbom::Inventory};
use monorepo::Monorepo;

use crate::settings::BuildSettings;
use crate::state::State;

/// Folder of what was read of the last image's layers.
const NOTES: &str = "verified";

/// Looks at what was built.
pub(crate) trait Verifier: Sync {
    /// The findings about the archives in a folder.
    fn archives(&self, folder: &Path) -> Verification;

    /// The findings about an image; that it could not be opened is one.
    fn image(&self, image: Result<&StoredImage, ImageError>) -> Result<BaselineResult>;

    /// What is in each layer of an image.
    fn contents(&self, image: &StoredImage) -> Result<Vec<LayerContents>>;

    /// What an image holds, for documents about it.
    fn inventory(&self, image: &StoredImage) -> Result<Inventory>;
}

/// The checks of this tool. Layers that the last verified build had are not read again.
pub(crate) struct Checks<'a> {
    tag: &'a str,
    repo: &'a Monorepo,
    budget: Budget,
    accepted: &'a Baseline,
    notes: LayerNotes,
}

impl<'a> Checks<'a> {
    /// The checks of a build.
    pub(crate) fn new(settings: &'a BuildSettings, repo: &'a Monorepo, state: &State) -> Self {
        let budget = Budget { node: Some(repo.node.clone()), max_size: None };
        let notes = LayerNotes::in_folder(state.path(NOTES));
        Self { tag: &settings.tag, repo, budget, accepted: &settings.accepted, notes }
    }
}

impl Verifier for Checks<'_> {
    fn archives(&self, folder: &Path) -> Verification {
        artifacts::verify_against(folder, self.repo, self.accepted)
    }

    fn image(&self, image: Result<&StoredImage, ImageError>) -> Result<BaselineResult> {
        match image {
            Ok(image) => Ok(self.notes.verify(self.tag, image, &self.budget, self.accepted)?),
            Err(error) => Ok(apply_baseline(self.tag, damaged(self.tag, error)?.findings, self.accepted)),
        }
    }

    fn contents(&self, image: &StoredImage) -> Result<Vec<LayerContents>> {
        Ok(self.notes.contents(image)?)
    }

    fn inventory(&self, image: &StoredImage) -> Result<Inventory> {
        Ok(self.notes.inventory(image)?)
    }
}
