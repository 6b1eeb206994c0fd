//! A docker that works, and what it can be asked.

use std::path::{Path, PathBuf};

use crate::docker::command::{BuildCommand, client, id_file};
use crate::docker::image::LocalImage;
use crate::docker::progress::Progress;
use crate::event::Reporter;
use crate::failure::EngineError;
use crate::hints::blames_environment;
use crate::process::{Interrupt, Invocation};
use crate::secrets::Secret;

/// What runs a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Builder {
    /// The buildx plugin, called as a program.
    Buildx {
        /// The plugin.
        plugin: PathBuf,
        /// A builder other than the current one.
        builder: Option<String>,
    },
    /// The client's own BuildKit (before Docker 23).
    Integrated,
}

/// A docker client with a daemon and a builder.
#[derive(Debug, Clone)]
pub struct Docker {
    /// The client.
    pub program: PathBuf,
    /// What builds.
    pub build: Builder,
    /// Version of the daemon.
    pub server_version: String,
}

/// What a build leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An image without a name, and its id in a file.
    Image {
        /// The file.
        id_file: PathBuf,
    },
    /// The two archives.
    Artifacts {
        /// The folder they go to.
        folder: PathBuf,
    },
}

/// A rendered recipe, ready to run.
#[derive(Debug, Clone)]
pub struct BuildJob<'a> {
    /// Root of the repository.
    pub context: &'a Path,
    /// The rendered Dockerfile.
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

impl Docker {
    /// For people: the client, the daemon's version and the builder.
    pub fn description(&self) -> String {
        let build = match &self.build {
            Builder::Buildx { builder: Some(name), .. } => format!("buildx, builder {name}"),
            Builder::Buildx { .. } => "buildx".to_owned(),
            Builder::Integrated => "the client's own BuildKit".to_owned(),
        };
        format!("docker {} with {build}", self.server_version)
    }

    /// Builds the image and gives its id. It has no name yet: a name is given to what was verified.
    ///
    /// # Errors
    /// A step failed, the engine did, or the build was interrupted.
    pub fn build_image(
        &self,
        job: &BuildJob<'_>,
        interrupt: &Interrupt,
        reporter: &dyn Reporter,
    ) -> Result<String, EngineError> {
        let id_file = id_file(job.scratch);
        self.build(job, &Target::Image { id_file: id_file.clone() }, Some(job.log), interrupt, reporter)?;
        let id = std::fs::read_to_string(&id_file).map_err(EngineError::io("reading the image's id"))?;
        Ok(id.trim().to_owned())
    }

    /// Copies the two archives out into `folder`. Their steps are cached by then.
    ///
    /// # Errors
    /// As [`Docker::build_image`].
    pub fn export_artifacts(
        &self,
        job: &BuildJob<'_>,
        folder: &Path,
        interrupt: &Interrupt,
        reporter: &dyn Reporter,
    ) -> Result<(), EngineError> {
        let job = BuildJob { no_cache: false, ..job.clone() };
        self.build(&job, &Target::Artifacts { folder: folder.to_owned() }, None, interrupt, reporter)
    }

    fn build(
        &self,
        job: &BuildJob<'_>,
        target: &Target,
        log: Option<&Path>,
        interrupt: &Interrupt,
        reporter: &dyn Reporter,
    ) -> Result<(), EngineError> {
        let command = BuildCommand {
            client: &self.program,
            builder: &self.build,
            context: job.context,
            dockerfile: job.dockerfile,
            target,
            secrets: job.secrets,
            no_cache: job.no_cache,
        };
        let mut progress = Progress::default();
        let result = Invocation::from(&command).stream(log, interrupt, |line| {
            progress.line(line).iter().for_each(|event| reporter.report(event));
        });
        result.map(drop).map_err(|error| blame(error, progress.failed.take()))
    }

    /// What the engine knows of an image, or `None` when it does not hold it.
    ///
    /// # Errors
    /// The engine did not answer, or not as documented.
    pub fn inspect(&self, reference: &str) -> Result<Option<LocalImage>, EngineError> {
        let asked = client(&self.program, &["image", "inspect", "--", reference]);
        let text = match asked.read() {
            Ok(text) => text,
            Err(EngineError::Failed { tail, .. })
                if tail.iter().any(|line| line.to_lowercase().contains("no such image")) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let images: Vec<LocalImage> = serde_json::from_str(&text).map_err(|error| EngineError::Io {
            doing: format!("reading what `{asked}` printed"),
            source: error.into(),
        })?;
        Ok(images.into_iter().next())
    }

    /// Gives an image a name.
    ///
    /// # Errors
    /// The engine refused.
    pub fn tag(&self, id: &str, reference: &str) -> Result<(), EngineError> {
        client(&self.program, &["tag", id, reference]).read().map(drop)
    }

    /// Removes an image that failed its checks, unless something else names it.
    pub fn remove(&self, id: &str) {
        // It may be the very image that an earlier, verified build named.
        let _ = client(&self.program, &["image", "rm", "--no-prune", id]).read();
    }

    /// Loads an image archive and gives the reference or id in it.
    ///
    /// # Errors
    /// The archive is broken or of a kind this engine cannot load.
    pub fn load(&self, archive: &Path) -> Result<String, EngineError> {
        let text = Invocation::new(&self.program).arg("load").arg("--input").arg(archive).read()?;
        let loaded = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("Loaded image: ").or_else(|| line.strip_prefix("Loaded image ID: ")));
        loaded.map(str::to_owned).ok_or_else(|| EngineError::Missing {
            what: format!("{} holds no image", archive.display()),
            details: text.lines().map(str::to_owned).collect(),
            hint: "make it with `docker save IMAGE`".to_owned(),
        })
    }

    /// Makes an image of one layer from a tar archive of a root file system.
    ///
    /// # Errors
    /// The engine refused.
    pub fn import(&self, archive: &Path, reference: &str, changes: &[&str]) -> Result<String, EngineError> {
        let command = Invocation::new(&self.program).arg("import");
        let command = changes.iter().fold(command, |command, change| command.args(["--change", change]));
        command.arg(archive).arg(reference).read()
    }
}

/// Says which step failed, and whether the repository or the environment is to blame.
fn blame(error: EngineError, step: Option<String>) -> EngineError {
    match error {
        EngineError::Failed { command, code, tail, hint, .. } => {
            let repository = step.is_some() && !blames_environment(tail.iter().map(String::as_str));
            EngineError::Failed { command, code, step, tail, hint, repository }
        }
        other => other,
    }
}
