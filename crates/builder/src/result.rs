//! What came of a build that succeeded, as data.

use std::path::PathBuf;

use anyhow::Result;
use containers::LocalImage;
use image::prune::ExplainSize;
use recipe::Recipe;

use crate::report::BuildReport;
use crate::summary::{self, StepLine};

/// A build that succeeded.
#[derive(Debug)]
pub struct FinishedBuild {
    /// The image.
    pub image: LocalImage,
    /// Where the image is, a line each.
    pub written: Vec<String>,
    /// How the steps ended.
    pub steps: Vec<StepLine>,
    /// Whether the last build of this name gave another image, or there was none.
    pub is_changed: bool,
    /// How long it took.
    pub seconds: f64,
    /// The page about it, when one was asked for.
    pub report: Option<PathBuf>,
    /// Where the bytes of the app are, where the engine knows.
    pub sizes: Option<ExplainSize>,
}

impl FinishedBuild {
    /// Writes the report, and gives what came of the build that it is about.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn conclude(
        recipe: &Recipe,
        image: LocalImage,
        written: Vec<String>,
        sizes: Option<ExplainSize>,
        report: &BuildReport<'_>,
    ) -> Result<Self> {
        let steps = summary::step_lines(recipe, &report.steps);
        let is_changed = report.previous_image().as_deref() != Some(&image.id);
        let page = report.finish(&image)?.map(PathBuf::from);
        Ok(Self { image, written, steps, is_changed, seconds: report.steps.seconds(), report: page, sizes })
    }
}
