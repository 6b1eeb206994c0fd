//! A docker that works, and what it can be asked.

use std::fs::File;
use std::path::{Path, PathBuf};

use image::{ContainerConfig, ImageSource};
use process::{EngineError, Interrupt, Invocation, Reporter, blames_environment, hint_for};

use crate::docker::archive;
use crate::docker::command::BuildCommand;
use crate::docker::image::ImageInspect;
use crate::docker::progress::{FailedStage, Progress, is_telling};
use crate::engine::{BuildJob, Engine, LocalImage};

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

impl Docker {
    /// How an image runs.
    ///
    /// # Errors
    /// There is no such image, or Docker cannot be asked.
    pub fn settings_of(&self, reference: &str) -> Result<ContainerConfig, EngineError> {
        if self.inspect(reference)?.is_none() {
            return Err(EngineError::Missing {
                what: format!("there is no image {reference}"),
                details: vec!["found no such image in Docker, expected one that was built or pulled".to_owned()],
                hint: "build it with `cargo xtask build-image --tag NAME`, or fetch it with `docker pull`".to_owned(),
            });
        }
        let question = ["image", "inspect", "--format", "{{json .Config}}", "--", reference];
        let answer = Invocation::new(&self.program).args(question).read()?;
        serde_json::from_str(&answer).map_err(|error| EngineError::Io {
            doing: format!("reading what Docker says of {reference}"),
            source: error.into(),
        })
    }

    fn build(
        &self,
        job: &BuildJob<'_>,
        target: &Target,
        log: Option<&Path>,
        interrupt: &Interrupt,
        reporter: Option<&dyn Reporter>,
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
            let events = progress.line(line);
            if let Some(reporter) = reporter {
                events.iter().for_each(|event| reporter.report(event));
            }
        });
        result.map(drop).map_err(|error| blame(error, progress.into_failed(), log))
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

    /// Writes an image as an archive.
    ///
    /// # Errors
    /// The engine refused, or the file cannot be written.
    pub fn save(&self, reference: &str, to: File, interrupt: &Interrupt) -> Result<(), EngineError> {
        self.ask(&["save", reference]).write_to(to, interrupt)
    }

    fn ask(&self, arguments: &[&str]) -> Invocation {
        Invocation::new(&self.program).args(arguments)
    }
}

impl Engine for Docker {
    fn description(&self) -> String {
        let build = match &self.build {
            Builder::Buildx { builder: Some(name), .. } => format!("buildx, builder {name}"),
            Builder::Buildx { .. } => "buildx".to_owned(),
            Builder::Integrated => "the client's own BuildKit".to_owned(),
        };
        format!("docker {} with {build}", self.server_version)
    }

    fn build_image(
        &self,
        job: &BuildJob<'_>,
        interrupt: &Interrupt,
        reporter: &dyn Reporter,
    ) -> Result<String, EngineError> {
        let id_file = job.scratch.join("image-id");
        self.build(job, &Target::Image { id_file: id_file.clone() }, Some(job.log), interrupt, Some(reporter))?;
        let id = std::fs::read_to_string(&id_file).map_err(EngineError::io("reading the image's id"))?;
        Ok(id.trim().to_owned())
    }

    fn export_artifacts(&self, job: &BuildJob<'_>, folder: &Path, interrupt: &Interrupt) -> Result<(), EngineError> {
        // Their steps are cached by now, whatever the build before was told.
        let job = BuildJob { no_cache: false, ..job.clone() };
        let exported = self.build(&job, &Target::Artifacts { folder: folder.to_owned() }, None, interrupt, None);
        exported.map_err(|error| explain_export(error, folder))
    }

    fn inspect(&self, reference: &str) -> Result<Option<LocalImage>, EngineError> {
        let question = self.ask(&["image", "inspect", "--", reference]);
        let answer = match question.read() {
            Ok(answer) => answer,
            Err(EngineError::Failed { tail, .. })
                if tail.iter().any(|line| line.to_lowercase().contains("no such image")) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let images: Vec<ImageInspect> = serde_json::from_str(&answer).map_err(|error| EngineError::Io {
            doing: format!("reading what `{question}` printed"),
            source: error.into(),
        })?;
        Ok(images.into_iter().next().map(LocalImage::from))
    }

    fn tag(&self, id: &str, reference: &str) -> Result<(), EngineError> {
        self.ask(&["tag", id, reference]).read().map(drop)
    }

    fn discard(&self, id: &str) {
        // With everything cached it can be the very image that an earlier, verified build named.
        let is_nameless = self.inspect(id).ok().flatten().is_some_and(|image| image.names.is_empty());
        if is_nameless {
            let _ = self.ask(&["image", "rm", "--no-prune", id]).read();
        }
    }

    fn load(&self, image: &ImageSource, scratch: &Path) -> Result<String, EngineError> {
        archive::load(self, image, scratch)
    }

    fn pull(&self, reference: &str, interrupt: &Interrupt) -> Result<(), EngineError> {
        self.ask(&["pull", "--quiet", reference]).stream(None, interrupt, |_| {}).map(drop)
    }
}

/// Everything is built by now: what fails is the writing, and BuildKit does not say why.
fn explain_export(error: EngineError, folder: &Path) -> EngineError {
    match error {
        EngineError::Failed { step: None, hint: None, tail, .. } => EngineError::Missing {
            what: format!("the archives could not be written to {}", folder.display()),
            details: tail,
            hint: "make room on its disk, or name another folder with `--artifacts DIR`".to_owned(),
        },
        other => other,
    }
}

/// Says which step failed, and whether the repository or the environment is to blame.
fn blame(error: EngineError, failed: Option<FailedStage>, log: Option<&Path>) -> EngineError {
    let EngineError::Failed { command, code, tail, hint, .. } = error else { return error };
    // The step's own lines may already be out of the tail of the whole output; the engine's last words are not.
    let repository = failed.is_some() && !blames_environment(&tail);
    let log = log.map(Box::from);
    match failed {
        Some(FailedStage { stage, command, tail: own }) => {
            let repository = repository && !blames_environment(&own);
            let hint = hint_for(&own).or(hint);
            EngineError::Failed { command, code, step: Some(stage), tail: own, hint, repository, log }
        }
        None => {
            let tail = tail.into_iter().filter(|line| is_telling(line)).collect();
            EngineError::Failed { command, code, step: None, tail, hint, repository, log }
        }
    }
}
