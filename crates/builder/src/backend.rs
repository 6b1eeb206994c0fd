//! What the driver asks of an engine: to run the recipe, and to keep what came of it.

use std::path::Path;

use anyhow::Result;
use artifacts::Verification;
use containers::LocalImage;
use image::{ImageError, Layout, RunConfiguration, StoredImage, prune::ExplainSize};

use crate::boot_image::Bootable;
use crate::provenance::Origin;
use crate::state::LastBuild;

/// What a run of the recipe is given.
pub(crate) struct Job<'a> {
    /// Where the archives go.
    pub(crate) incoming: &'a Path,
    /// For files of this build alone.
    pub(crate) scratch: &'a Path,
    /// Looks at the archives in a folder. Called once they are there; other work may go on meanwhile.
    pub(crate) verify_archives: &'a (dyn Fn(&Path) -> Verification + Sync),
}

/// What a run of the recipe gave.
pub(crate) struct Built<Image> {
    /// An image without a name.
    pub(crate) image: Image,
    /// How it runs.
    pub(crate) runs: RunConfiguration,
    /// What was found in the archives.
    pub(crate) verification: Verification,
}

/// An engine, ready to run one recipe.
pub(crate) trait Backend {
    /// An image that it holds, with a name or without one.
    type Image;

    /// For people: what runs the steps.
    fn description(&self) -> String;

    /// What the image is a function of.
    fn fingerprint(&self) -> String;

    /// The image of an equal build, when it and what it stands on are still what they were.
    fn find(&self, last: &LastBuild) -> Result<Option<(Self::Image, LocalImage)>>;

    /// Runs the steps up to the archives and the image. Gates may still run when it returns.
    fn run(&mut self, job: &Job<'_>) -> Result<Built<Self::Image>>;

    /// Waits for all gates.
    fn pass_gates(&mut self) -> Result<()>;

    /// Images with equal keys need no second look at their files; `None` when a look costs next to nothing.
    fn check_key(&self, image: &Self::Image) -> Option<String>;

    /// Opens the files of the image. The inner error is a finding about the image.
    fn open(&self, image: &Self::Image, scratch: &Path) -> Result<Result<StoredImage, ImageError>>;

    /// How it can be run.
    fn bootable(&self, image: &Self::Image) -> Result<Bootable>;

    /// Gives the image its name.
    fn name(&self, image: &Self::Image) -> Result<LocalImage>;

    /// Removes an image that gets no name.
    fn discard(&self, image: &Self::Image);

    /// Id of what the image stands on; empty when it is not known.
    fn base_id(&self) -> Result<String>;

    /// Where the image comes from.
    fn origin(&self) -> Result<Origin>;

    /// A layout that holds the named image.
    fn layout(&self, image: &Self::Image, scratch: &Path) -> Result<Layout>;

    /// Where the named image is, when it goes nowhere else.
    fn place(&self) -> String;

    /// Where the bytes of the app are, where that is known.
    fn sizes(&self) -> Option<ExplainSize>;
}
