//! What is booted: an image that Docker has, or layers in files.

use std::path::{Path, PathBuf};

use anyhow::Result;
use boot::{Container, Orders, Program, Publish, Service};
use containers::docker::{self, Docker};

use image::ImageSettings;
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
        settings: ImageSettings,
    },
    /// In a sandbox.
    Layers {
        /// What makes the sandbox.
        sandbox: Bubblewrap,
        /// The layers' archives, the lowest first.
        layers: Vec<PathBuf>,
        /// How it runs.
        settings: ImageSettings,
    },
}

/// Where an image is, and what is needed to run it.
pub(crate) enum Bootable {
    /// In Docker, by its id.
    Docker(Docker, String),
    /// In files: the layers' archives, the lowest first, and how it runs.
    Layers(Vec<PathBuf>, ImageSettings),
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
    /// The image that a command line names; archives are unpacked in `scratch`.
    pub fn find(name: &str, scratch: &Path) -> Result<Self> {
        match rootfs::open_image(name, scratch)? {
            Some(stored) => Self::of_layers(stored.layers, stored.settings),
            None => Self::of_docker(&docker::find(None)?, name),
        }
    }

    /// An image of a build.
    pub(crate) fn of(image: Bootable) -> Result<Self> {
        match image {
            Bootable::Docker(docker, id) => Self::of_docker(&docker, &id),
            Bootable::Layers(layers, settings) => Self::of_layers(layers, settings),
        }
    }

    /// An image that Docker has.
    ///
    /// # Errors
    /// There is none, or it cannot be run from here.
    pub fn of_docker(docker: &Docker, reference: &str) -> Result<Self> {
        boot::ensure_local(docker)?;
        let settings = docker.settings_of(reference)?;
        let docker = Box::new(docker.clone());
        Ok(Self::Docker { docker, reference: reference.to_owned(), settings })
    }

    /// An image of these layers, run in a sandbox.
    fn of_layers(layers: Vec<PathBuf>, settings: ImageSettings) -> Result<Self> {
        let sandbox = sandbox::find_sandbox()?;
        sandbox.check()?;
        Ok(Self::Layers { sandbox, layers, settings })
    }

    /// How it runs.
    pub(crate) fn settings(&self) -> &ImageSettings {
        match self {
            Self::Docker { settings, .. } | Self::Layers { settings, .. } => settings,
        }
    }

    /// Orders for its supervisor: a container's memory is the kernel's to limit.
    pub(crate) fn orders(&self, database_port: u16, memory: u64) -> Orders {
        let settings = self.settings();
        let (argv, port) = (settings.argv.clone(), settings.port.unwrap_or_default());
        let orders = Orders { argv, port, database_port, encrypts_database: false, memory: None, heap: None };
        match self {
            Self::Docker { .. } => orders,
            Self::Layers { .. } => orders.with_watched_memory(memory),
        }
    }

    /// What limits its memory.
    pub(crate) fn memory_limit(&self) -> &'static str {
        match self {
            Self::Docker { .. } => "kernel",
            Self::Layers { .. } => "watch",
        }
    }

    /// Unpacks the layers, where Docker does not have them; `kept` holds what most images have in common.
    pub fn unpack(&self, kept: &Path, root: &Path) -> Result<(), EngineError> {
        match self {
            Self::Docker { .. } => Ok(()),
            Self::Layers { layers, .. } => rootfs::unpack_layers(layers, kept, root),
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
            Self::Layers { sandbox, settings, .. } => {
                Backend::Sandbox(boot::start_image(sandbox, root, settings, service, log)?)
            }
        })
    }
}
