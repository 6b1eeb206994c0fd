//! What is booted: an image that Docker has, or one in files.

use std::path::Path;

use anyhow::Result;
use boot::{Container, Program, Publish, Service, SupervisorConfig};
use containers::docker::{self, Docker};
use image::{ContainerConfig, ImageSource, StoredImage};
use process::EngineError;
use sandbox::{self, Bubblewrap, Sandbox};

/// An image, and what runs it.
pub enum Subject {
    /// By Docker.
    Docker {
        /// The Docker that has it.
        docker: Box<Docker>,
        /// Its name or id.
        reference: String,
        /// How it runs.
        config: Box<ContainerConfig>,
    },
    /// In a sandbox.
    Files {
        /// What makes the sandbox.
        sandbox: Bubblewrap,
        /// The image.
        image: Box<StoredImage>,
    },
}

/// Where an image is, and what is needed to run it.
pub(crate) enum Bootable {
    /// In Docker, by its id.
    Docker(Docker, String),
    /// In files.
    Files(Box<StoredImage>),
}

/// A started image.
pub enum Backend {
    /// In a sandbox.
    Sandbox(Program),
    /// In a container.
    Container(Container),
}

impl Backend {
    /// What runs.
    pub fn program(&self) -> &Program {
        match self {
            Self::Sandbox(program) => program,
            Self::Container(container) => container.program(),
        }
    }
}

impl Subject {
    /// The image that a command line names.
    ///
    /// # Errors
    /// There is none, it is damaged, or it cannot be run from here.
    pub fn find(source: &ImageSource) -> Result<Self> {
        match StoredImage::open(source)? {
            Some(image) => Self::of_files(image),
            None => Self::of_docker(&docker::find(None)?, &source.to_string()),
        }
    }

    /// An image of a build.
    pub(crate) fn of(image: Bootable) -> Result<Self> {
        match image {
            Bootable::Docker(docker, id) => Self::of_docker(&docker, &id),
            Bootable::Files(image) => Self::of_files(*image),
        }
    }

    /// An image that Docker has.
    ///
    /// # Errors
    /// There is none, or it cannot be run from here.
    pub fn of_docker(docker: &Docker, reference: &str) -> Result<Self> {
        boot::ensure_local(docker)?;
        let config = Box::new(docker.settings_of(reference)?);
        let docker = Box::new(docker.clone());
        Ok(Self::Docker { docker, reference: reference.to_owned(), config })
    }

    /// An image in files, run in a sandbox.
    fn of_files(image: StoredImage) -> Result<Self> {
        let sandbox = sandbox::find_sandbox()?;
        sandbox.check()?;
        Ok(Self::Files { sandbox, image: Box::new(image) })
    }

    /// How it runs.
    pub(crate) fn config(&self) -> &ContainerConfig {
        match self {
            Self::Docker { config, .. } => config,
            Self::Files { image, .. } => &image.config.config,
        }
    }

    /// SupervisorConfig for its supervisor: a container's memory is the kernel's to limit.
    pub(crate) fn orders(&self, database_port: u16, memory: u64) -> SupervisorConfig {
        let config = self.config();
        let argv = config.argv().into_iter().map(str::to_owned).collect();
        let port = config.port().unwrap_or_default();
        let orders = SupervisorConfig { argv, port, database_port, encrypts_database: false, memory: None, heap: None };
        match self {
            Self::Docker { .. } => orders,
            Self::Files { .. } => orders.with_watched_memory(memory),
        }
    }

    /// What limits its memory.
    pub(crate) fn memory_limit(&self) -> &'static str {
        match self {
            Self::Docker { .. } => "kernel",
            Self::Files { .. } => "watch",
        }
    }

    /// Unpacks the layers, where Docker does not have them; `kept` holds what most images have in common.
    pub fn unpack(&self, kept: &Path, root: &Path) -> Result<(), EngineError> {
        match self {
            Self::Docker { .. } => Ok(()),
            Self::Files { image, .. } => rootfs::unpack_layers(&image.layers, kept, root),
        }
    }

    /// Starts it; for a container, `publish` says on which port.
    pub fn start(
        &self,
        root: &Path,
        service: &Service,
        publish: Option<Publish>,
        log: &Path,
    ) -> Result<Backend, EngineError> {
        Ok(match self {
            Self::Docker { docker, reference, .. } => {
                Backend::Container(Container::start(docker, reference, service, publish, log)?)
            }
            Self::Files { sandbox, image } => {
                Backend::Sandbox(boot::start_image(sandbox, root, &image.config.config, service, log)?)
            }
        })
    }
}
