//! The seam: what every engine can do.

use std::path::Path;

use image::ImageSource;
use serde::Serialize;

use process::{EngineError, Interrupt, Reporter, Secret};

/// A rendered recipe, ready to run.
#[derive(Debug, Clone)]
pub struct BuildJob<'a> {
    /// Root of the repository.
    pub context: &'a Path,
    /// The rendered Dockerfile; its ignore file lies beside it.
    pub dockerfile: &'a Path,
    /// Secrets, by reference.
    pub secrets: &'a [Secret],
    /// Do not use earlier results.
    pub no_cache: bool,
    /// A folder for files of this build alone.
    pub scratch: &'a Path,
    /// The full log goes here.
    pub log: &'a Path,
}

/// An image that an engine holds.
#[derive(Debug, Clone, Serialize)]
pub struct LocalImage {
    /// Its id, a digest.
    pub id: String,
    /// Names it has.
    pub names: Vec<String>,
    /// Size of all layers, uncompressed, in bytes.
    pub size: u64,
    /// Digests of the uncompressed layers.
    pub layers: Vec<String>,
    /// User and group it runs as.
    pub user: String,
    /// Working directory.
    pub working_directory: String,
    /// Environment as `NAME=value`.
    pub environment: Vec<String>,
    /// Program and arguments.
    pub command: Vec<String>,
}

/// Something that runs a recipe and holds images.
pub trait Engine {
    /// For people: which program, which version.
    fn description(&self) -> String;

    /// Builds the image and gives its id. It has no name yet: a name is for what was verified.
    ///
    /// # Errors
    /// A step failed, the engine did, or the build was interrupted.
    fn build_image(
        &self,
        job: &BuildJob<'_>,
        interrupt: &Interrupt,
        reporter: &dyn Reporter,
    ) -> Result<String, EngineError>;

    /// Copies the two archives of the build out into `folder`.
    ///
    /// # Errors
    /// As [`Engine::build_image`].
    fn export_artifacts(&self, job: &BuildJob<'_>, folder: &Path, interrupt: &Interrupt) -> Result<(), EngineError>;

    /// What the engine knows of an image, or `None` when it does not hold it.
    ///
    /// # Errors
    /// The engine did not answer, or not as documented.
    fn inspect(&self, reference: &str) -> Result<Option<LocalImage>, EngineError>;

    /// Gives an image a name.
    ///
    /// # Errors
    /// The engine refused.
    fn tag(&self, id: &str, reference: &str) -> Result<(), EngineError>;

    /// Removes an image that failed its checks, unless it has a name.
    fn discard(&self, id: &str);

    /// Loads an image in files and gives a reference to it; a name stays as it is. `scratch` is for files in between.
    ///
    /// # Errors
    /// The files are broken, or of a kind this engine cannot load.
    fn load(&self, image: &ImageSource, scratch: &Path) -> Result<String, EngineError>;

    /// Fetches an image from its registry.
    ///
    /// # Errors
    /// The registry cannot be reached or does not have it.
    fn pull(&self, reference: &str, interrupt: &Interrupt) -> Result<(), EngineError>;
}
