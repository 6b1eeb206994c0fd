//! Docker as an engine of the driver: it is handed the rendered recipe, and holds the images itself.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use containers::{BuildJob, Engine, LocalImage, docker};
use image::{ImageError, ImageSource, Layout, RunConfiguration, StoredImage, prune::ExplainSize};
use monorepo::Monorepo;
use process::Secret;
use recipe::{Recipe, Rendered};
use sandbox::Reuse;

use crate::backend::{Backend, Built, Job};
use crate::boot_image::Bootable;
use crate::context::Context;
use crate::docker_layout;
use crate::drift;
use crate::files::{sha256_of, write_atomically};
use crate::git::Commit;
use crate::pins;
use crate::provenance::{Origin, ProvenanceInput};
use crate::push::skopeo;
use crate::secrets::secrets;
use crate::state::{LastBuild, State};

/// The layers of the stage `runtime` that change with an edit of sources: the configuration files, which are as
/// they were when the facts were read, and the bundle, which is verified as an archive.
const EDITED_LAYERS: usize = 2;

/// The plan for a base of Docker's; files named as one are loaded.
pub(crate) fn plan(base: Option<&str>, repo: &Monorepo, docker: &docker::Docker, state: &State) -> Result<Recipe> {
    let base = match base.map(ImageSource::parse) {
        Some(files) if files.path().is_some() => Some(docker.load(&files, state.scratch()?.path())?),
        _ => pins::pinned(repo, base)?,
    };
    Ok(recipe::plan(repo, base.as_deref()))
}

/// Docker, and the rendered recipe.
pub(crate) struct DockerBackend<'a> {
    context: &'a Context<'a>,
    docker: &'a docker::Docker,
    rendered: [Rendered; 2],
    /// Makes a layout of an image, when it goes anywhere else.
    skopeo: Option<PathBuf>,
}

impl<'a> DockerBackend<'a> {
    /// Renders the recipe, and finds what the outputs take.
    pub(crate) fn prepare(context: &'a Context<'a>, docker: &'a docker::Docker) -> Result<Self> {
        let rendered = recipe::render(&context.repo, &context.recipe).context("filling in a template of assets/")?;
        let goes_out = context.settings.outputs.is_anywhere();
        let skopeo = goes_out.then(|| skopeo("an output of the engine docker")).transpose()?;
        Ok(Self { context, docker, rendered, skopeo })
    }

    /// Writes the Dockerfile and its ignore file into our own folder; what is committed is only compared.
    fn write_context(&self) -> Result<PathBuf> {
        let Context { settings, repo, state, console, .. } = self.context;
        let folder = state.path("context");
        std::fs::create_dir_all(&folder).context("creating a folder in the state folder")?;
        for file in &self.rendered {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            write_atomically(&folder.join(name), file.text.as_bytes())?;
        }
        drift::warn(settings.base.as_deref(), repo, &self.rendered, *console)?;
        Ok(folder.join("Dockerfile.flightcontrol"))
    }

    /// Builds the image, and the archives into `incoming`.
    fn build(&self, job: &Job<'_>, dockerfile: &Path, secrets: &[Secret]) -> Result<Built<LocalImage>> {
        let Context { settings, repo, state, report, interrupt, .. } = self.context;
        let log = state.path("logs/build-image.log");
        let of_docker = BuildJob {
            context: &repo.root,
            dockerfile,
            secrets,
            no_cache: settings.reuse == Reuse::Nothing,
            scratch: job.scratch,
            log: &log,
        };
        let id = self.docker.build_image(&of_docker, interrupt, &report.steps)?;
        let exported = self.docker.export_artifacts(&of_docker, job.incoming, interrupt).map_err(anyhow::Error::from);
        let built = exported.and_then(|()| {
            let verification = (job.verify_archives)(job.incoming);
            let image = self.docker.inspect(&id)?;
            let image = image.with_context(|| format!("the engine does not know the image {id} it has built"))?;
            Ok(Built { runs: found_configuration(&image), image, verification })
        });
        built.inspect_err(|_| self.docker.discard(&id))
    }
}

impl Backend for DockerBackend<'_> {
    type Image = LocalImage;

    fn description(&self) -> String {
        self.docker.description()
    }

    /// The recipe, and the templates that write it down.
    fn fingerprint(&self) -> String {
        let texts = self.rendered.iter().map(|file| file.text.as_str());
        let accepted = self.context.settings.accepted.to_json();
        sha256_of([self.context.recipe.fingerprint.as_str(), &accepted].into_iter().chain(texts))
    }

    fn find(&self, last: &LastBuild) -> Result<Option<(LocalImage, LocalImage)>> {
        let base = self.docker.inspect(&self.context.recipe.base_image)?;
        if base.is_none_or(|base| base.id != last.base_id) {
            return Ok(None);
        }
        let image = self.docker.inspect(&self.context.settings.tag)?.filter(|image| image.id == last.image_id);
        Ok(image.map(|image| (image.clone(), image)))
    }

    fn run(&mut self, job: &Job<'_>) -> Result<Built<LocalImage>> {
        let dockerfile = self.write_context()?;
        let secrets = secrets(self.context.settings, &self.context.recipe)?;
        self.build(job, &dockerfile, &secrets)
    }

    /// They are stages that the image needs.
    fn pass_gates(&mut self) -> Result<()> {
        Ok(())
    }

    /// What the layers below those of an edit are, and what they are verified for. Docker takes seconds to write an
    /// image out, so only one whose lower layers are new is, or one that brings addons of the repository's own.
    fn check_key(&self, image: &LocalImage) -> Option<String> {
        let Context { settings, repo, .. } = self.context;
        if has_own_addons(repo) {
            return None;
        }
        let lower = image.layers.len().saturating_sub(EDITED_LAYERS);
        let known = [env!("CARGO_PKG_VERSION"), &repo.node.version, &settings.accepted.to_json()].map(str::to_owned);
        let all: Vec<String> = known.into_iter().chain(image.layers[..lower].iter().cloned()).collect();
        Some(sha256_of(all.iter().map(String::as_str)))
    }

    /// Docker's archive of the image, in a file that is gone with this process.
    fn open(&self, image: &LocalImage, scratch: &Path) -> Result<Result<StoredImage, ImageError>> {
        let file = tempfile::tempfile_in(scratch).context("making a file in the state folder")?;
        self.docker.save(&image.id, file.try_clone().context("sharing a file")?, self.context.interrupt)?;
        Ok(StoredImage::in_archive(file, Path::new(&image.id)))
    }

    fn bootable(&self, image: &LocalImage) -> Result<Bootable> {
        Ok(Bootable::Docker(self.docker.clone(), image.id.clone()))
    }

    fn name(&self, image: &LocalImage) -> Result<LocalImage> {
        self.docker.tag(&image.id, &self.context.settings.tag)?;
        Ok(image.clone())
    }

    fn discard(&self, image: &LocalImage) {
        self.docker.discard(&image.id);
    }

    fn base_id(&self) -> Result<String> {
        Ok(self.docker.inspect(&self.context.recipe.base_image)?.map(|base| base.id).unwrap_or_default())
    }

    fn origin(&self) -> Result<Origin> {
        let Context { repo, recipe, .. } = self.context;
        let base = ProvenanceInput { role: "base", name: Some(recipe.base_image.clone()), digest: self.base_id()? };
        Ok(Origin { engine: "docker", commit: Commit::of(&repo.root), inputs: vec![base] })
    }

    /// The image keeps its id; its layers are compressed.
    fn layout(&self, _image: &LocalImage, scratch: &Path) -> Result<Layout> {
        let Context { settings, interrupt, .. } = self.context;
        let skopeo = self.skopeo.as_ref().context("an image of Docker's that goes nowhere else has no layout")?;
        let archive = scratch.join("docker.tar");
        let file = File::create(&archive).context("making a file in the state folder")?;
        self.docker.save(&settings.tag, file, interrupt)?;
        let layout = docker_layout::make(skopeo, &archive, &settings.tag, scratch, interrupt);
        // A large file that nobody reads any more.
        let removed = std::fs::remove_file(&archive).context("removing a file in the state folder");
        removed.and(layout)
    }

    fn place(&self) -> String {
        self.context.settings.tag.clone()
    }

    fn sizes(&self) -> Option<ExplainSize> {
        None
    }
}

/// Whether a package that goes into the image has a native addon among its sources.
fn has_own_addons(repo: &Monorepo) -> bool {
    let folders = repo.production_packages().into_iter().map(|package| package.folder.as_str());
    folders.flat_map(|folder| repo.tree.under(folder)).any(|(path, _)| path.ends_with(".node"))
}

fn found_configuration(image: &LocalImage) -> RunConfiguration {
    RunConfiguration {
        user: image.user.clone(),
        working_directory: image.working_directory.clone(),
        environment: image.environment.clone(),
        command: image.command.clone(),
    }
}
