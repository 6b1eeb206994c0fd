//! The build with Docker: facts, plan, build, verify, tag, report.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use artifacts::Verification;
use containers::{BuildJob, Engine, LocalImage, docker};
use diagnostics::Baseline;
use image::{Digest, ImageSource, Judged, RunConfiguration, sbom::NamedImage};
use monorepo::Monorepo;
use process::Interrupt;
use recipe::{Recipe, Rendered};

use super::conclusion::Conclusion;
use super::evidence::{self, Foundation, Origin};
use super::image_check::{self, ImageCheck, Stock};
use super::shared::{self, artifacts_folder, incoming_folder, publish, require_shippable, secrets, warn_of_drift};
use crate::commands::boot_image::{Boot, Subject};
use crate::files::{sha256_of, write_atomically};
use crate::flags::BuildImage;
use crate::git::Commit;
use crate::output::Printer;
use crate::report::{EngineName, Story};
use crate::state::{LastBuild, State};
use crate::{pins, sbom};

/// What comes of an image that does not run.
const NOT_TAGGED: &str = ", so it is not tagged";
/// The layers of the stage `runtime` that change with an edit of sources: the configuration files, which are as
/// they were when the facts were read, and the bundle, which is verified as an archive.
const EDITED_LAYERS: usize = 2;

/// Builds with Docker.
pub(super) fn run(
    docker: &docker::Docker,
    flags: &BuildImage,
    repo: &Monorepo,
    state: &State,
    story: &Story<'_>,
    interrupt: &Interrupt,
) -> Result<()> {
    let boot = shared::boot(flags)?;
    let accepted = image_check::accepted(flags)?;
    if boot.is_some() {
        boot::ensure_local(docker)?;
    }
    let base = base_reference(flags, repo, docker, state)?;
    let recipe = recipe::plan(repo, base.as_deref());
    story.planned(EngineName::Docker, &recipe, state);
    let printer = story.printer;
    Build { flags, repo, recipe: &recipe, docker, engine: docker, boot, accepted, state, story, printer, interrupt }
        .run()
}

/// The base image's reference, once the files named by `--base` are loaded.
fn base_reference(flags: &BuildImage, repo: &Monorepo, engine: &dyn Engine, state: &State) -> Result<Option<String>> {
    match flags.base.as_deref().map(ImageSource::parse) {
        Some(files) if files.path().is_some() => Ok(Some(engine.load(&files, state.scratch()?.path())?)),
        _ => pins::pinned(repo, flags.base.as_deref()),
    }
}

/// Everything one build works with.
struct Build<'a> {
    flags: &'a BuildImage,
    repo: &'a Monorepo,
    recipe: &'a Recipe,
    docker: &'a docker::Docker,
    engine: &'a dyn Engine,
    boot: Option<Boot>,
    /// Findings that do not stop the build.
    accepted: Baseline,
    state: &'a State,
    story: &'a Story<'a>,
    printer: &'a Printer,
    interrupt: &'a Interrupt,
}

/// What was built, and what was found in it.
struct Verified {
    image: LocalImage,
    verification: Verification,
    judged: Judged,
    /// What it holds, when that is asked for.
    stock: Stock,
}

impl Build<'_> {
    fn run(&self) -> Result<()> {
        let artifacts = artifacts_folder(self.flags, self.repo);
        let rendered = recipe::render(self.repo, self.recipe).context("filling in a template of assets/")?;
        let fingerprint = fingerprint(self.recipe, &rendered, &self.accepted);
        if let Some(image) = self.unchanged(&fingerprint, &artifacts)? {
            self.boot(&image.id, "")?;
            let scratch = self.state.scratch()?;
            let listed = self.is_listed().then(|| self.check_with_stock(&image.id, scratch.path())).transpose()?;
            self.document(&image.id, &listed.unwrap_or_default().1)?;
            return self.finish(&image);
        }
        self.printer.say(&format!("building {} with {}", self.flags.tag, self.engine.description()));
        let incoming = incoming_folder(&artifacts)?;
        let dockerfile = self.write_context(&rendered)?;
        let secrets = secrets(self.flags, self.recipe)?;
        let scratch = self.state.scratch()?;
        let log = self.state.path("logs/build-image.log");
        let job = BuildJob {
            context: &self.repo.root,
            dockerfile: &dockerfile,
            secrets: &secrets,
            no_cache: self.flags.no_cache,
            scratch: scratch.path(),
            log: &log,
        };
        let id = self.engine.build_image(&job, self.interrupt, &self.story.steps)?;
        let verified = self.engine.export_artifacts(&job, incoming.path(), self.interrupt).map_err(anyhow::Error::from);
        let verified = verified.and_then(|()| self.verify(&id, incoming.path(), scratch.path()));
        let booted = verified.and_then(|verified| self.boot(&id, NOT_TAGGED).map(|()| verified));
        let Verified { image, verification, judged, stock } = booted.inspect_err(|_| self.engine.discard(&id))?;
        if self.interrupt.is_set() {
            return Err(process::EngineError::Interrupted.into());
        }
        publish(incoming.path(), &artifacts)?;
        self.engine.tag(&id, &self.flags.tag)?;
        self.remember(fingerprint, &image, &verification)?;
        shared::tell(&artifacts, &verification, &judged, self.printer);
        self.document(&id, &stock)?;
        self.finish(&image)
    }

    /// The image of an equal, verified build, when everything it left is still in place.
    fn unchanged(&self, fingerprint: &str, artifacts: &Path) -> Result<Option<LocalImage>> {
        let Some(last) = self.state.last_build().filter(|_| !self.flags.no_cache) else { return Ok(None) };
        if last.fingerprint != fingerprint || !last.has_archives_in(artifacts) {
            return Ok(None);
        }
        let base = self.engine.inspect(&self.recipe.base_image)?;
        if base.is_none_or(|base| base.id != last.base_id) {
            return Ok(None);
        }
        Ok(self.engine.inspect(&self.flags.tag)?.filter(|image| image.id == last.image_id))
    }

    /// Writes the Dockerfile and its ignore file into our own folder; what is committed is only compared.
    fn write_context(&self, rendered: &[Rendered]) -> Result<PathBuf> {
        let folder = self.state.path("context");
        std::fs::create_dir_all(&folder).context("creating a folder in the state folder")?;
        for file in rendered {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            write_atomically(&folder.join(name), file.text.as_bytes())?;
        }
        warn_of_drift(self.flags, self.repo, rendered, self.printer)?;
        Ok(folder.join("Dockerfile.flightcontrol"))
    }

    fn verify(&self, id: &str, incoming: &Path, scratch: &Path) -> Result<Verified> {
        let verification = artifacts::verify_against(incoming, self.repo, &self.accepted);
        let image = self
            .engine
            .inspect(id)?
            .with_context(|| format!("the engine does not know the image {id} it has built"))?;
        let (judged, stock) = self.judge(&image, scratch)?;
        let found = found_configuration(&image);
        require_shippable(&self.flags.tag, &found, self.recipe, &verification, &judged, self.story)?;
        Ok(Verified { image, verification, judged, stock })
    }

    /// The findings about the image. Docker takes seconds to write one out, so only one whose lower layers are new
    /// is, or one that brings addons of the repository's own.
    fn judge(&self, image: &LocalImage, scratch: &Path) -> Result<(Judged, Stock)> {
        if self.is_listed() {
            return self.check_with_stock(&image.id, scratch);
        }
        let is_known = self.state.last_build().is_some_and(|last| last.ground == self.ground(image));
        if is_known && !self.flags.no_cache && !has_own_addons(self.repo) {
            return Ok((Judged::default(), Stock::default()));
        }
        let check = ImageCheck::new(self.flags, self.repo, &self.accepted, self.state);
        Ok((check.of_docker(self.docker, &image.id, scratch, self.interrupt)?, Stock::default()))
    }

    fn check_with_stock(&self, id: &str, scratch: &Path) -> Result<(Judged, Stock)> {
        let check = ImageCheck::new(self.flags, self.repo, &self.accepted, self.state);
        let (judged, mut stock) = check.of_docker_with_stock(self.docker, id, scratch, self.interrupt)?;
        self.story.holds(std::mem::take(&mut stock.contents));
        Ok((judged, stock))
    }

    /// Whether somebody wants to know what the image is made of.
    fn is_listed(&self) -> bool {
        !self.flags.sbom.is_empty() || self.story.is_wanted()
    }

    /// Writes what is asked for about the image.
    fn document(&self, id: &str, stock: &Stock) -> Result<()> {
        let digest = Digest::try_from(id.to_owned()).map_err(anyhow::Error::msg)?;
        let image = NamedImage { name: self.flags.tag.clone(), digest };
        sbom::write(&self.flags.sbom, &image, &stock.inventory, self.printer)?;
        if self.flags.provenance.is_none() {
            return Ok(());
        }
        let name = &self.recipe.base_image;
        let base = self.engine.inspect(name)?.map(|base| base.id).unwrap_or_default();
        let origin = Origin {
            flags: self.flags,
            repo: self.repo,
            recipe: self.recipe,
            commit: &Commit::of(&self.repo.root),
            engine: "docker",
            foundations: &[Foundation { role: "base", name: Some(name), digest: &base }],
        };
        evidence::write(self.flags, &origin, &image, self.printer)
    }

    /// What the layers below those of an edit are, and what they are verified for.
    fn ground(&self, image: &LocalImage) -> String {
        let lower = image.layers.len().saturating_sub(EDITED_LAYERS);
        let settings =
            [env!("CARGO_PKG_VERSION"), &self.repo.node.version, &self.accepted.to_json()].map(str::to_owned);
        let all: Vec<String> = settings.into_iter().chain(image.layers[..lower].iter().cloned()).collect();
        sha256_of(all.iter().map(String::as_str))
    }

    /// Runs the image, when that is asked for.
    fn boot(&self, id: &str, consequence: &str) -> Result<()> {
        let Some(boot) = &self.boot else { return Ok(()) };
        let subject = Subject::of_docker(self.docker, id)?;
        let booted = boot.run(&subject, &self.flags.tag, consequence, self.state, self.printer, self.interrupt)?;
        booted.tell(&self.flags.tag, self.printer);
        Ok(())
    }

    fn remember(&self, fingerprint: String, image: &LocalImage, verification: &Verification) -> Result<()> {
        let base = self.engine.inspect(&self.recipe.base_image)?;
        self.state.remember(&LastBuild {
            fingerprint,
            base_id: base.map(|base| base.id).unwrap_or_default(),
            ground: self.ground(image),
            image_id: image.id.clone(),
            size: image.size,
            archives: verification
                .archives
                .iter()
                .map(|archive| (archive.name.clone(), archive.sha256.clone()))
                .collect(),
        })
    }

    fn finish(&self, image: &LocalImage) -> Result<()> {
        let written = std::slice::from_ref(&self.flags.tag);
        Conclusion::new(self.flags, self.recipe, image, written, self.story).tell()
    }
}

/// What an image is a function of: the recipe, and the templates that write it down.
fn fingerprint(recipe: &Recipe, rendered: &[Rendered], accepted: &Baseline) -> String {
    let texts = rendered.iter().map(|file| file.text.as_str());
    sha256_of([recipe.fingerprint.as_str(), &accepted.to_json()].into_iter().chain(texts))
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
