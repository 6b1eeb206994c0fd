//! `build-image`: facts, plan, build, verify, tag, report.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use artifacts::Verification;
use engine::{BuildJob, Engine, ImageArchive, Interrupt, LocalImage, Secret, docker, find_secrets};
use image::{RunConfiguration, verify_run_configuration};
use monorepo::{Monorepo, Severity};
use recipe::{Recipe, Rendered};
use serde_json::json;
use tempfile::TempDir;

use crate::commands::render::is_drifted;
use crate::commands::verify_artifacts;
use crate::exit::CheckFailed;
use crate::files::{sha256, sha256_of, write_atomically};
use crate::flags::{BuildImage, RepositoryFlags};
use crate::output::{Printer, StepLog};
use crate::repository;
use crate::state::{LastBuild, State, remove_folders};
use crate::summary;

/// Begins the name of the folder, beside the archives, that they arrive in before they are verified.
const INCOMING: &str = ".incoming-";

pub(crate) fn run(
    flags: &BuildImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    if flags.plan {
        let base = flags.base.as_deref().filter(|base| ImageArchive::parse(base).is_none());
        printer.document(&recipe::plan(&repo, base));
        return Ok(());
    }
    let engine: Box<dyn Engine> = Box::new(docker::find(flags.builder.as_deref())?);
    let state = State::open(&repo.root, repository, printer, interrupt)?;
    let base = base_reference(flags, engine.as_ref(), &state)?;
    let recipe = recipe::plan(&repo, base.as_deref());
    let build =
        Build { flags, repo: &repo, recipe: &recipe, engine: engine.as_ref(), state: &state, printer, interrupt };
    build.run()
}

/// The base image's reference, once an archive named by `--base` is loaded.
fn base_reference(flags: &BuildImage, engine: &dyn Engine, state: &State) -> Result<Option<String>> {
    let Some(base) = flags.base.as_deref() else { return Ok(None) };
    match ImageArchive::parse(base) {
        Some(archive) => Ok(Some(engine.load(&archive, state.scratch()?.path())?)),
        None => Ok(Some(base.to_owned())),
    }
}

/// Everything one build works with.
struct Build<'a> {
    flags: &'a BuildImage,
    repo: &'a Monorepo,
    recipe: &'a Recipe,
    engine: &'a dyn Engine,
    state: &'a State,
    printer: &'a Printer,
    interrupt: &'a Interrupt,
}

impl Build<'_> {
    fn run(&self) -> Result<()> {
        let steps = StepLog::new(self.printer);
        let artifacts = self.artifacts_folder();
        let rendered = recipe::render(self.repo, self.recipe).context("filling in a template of assets/")?;
        let fingerprint = fingerprint(self.recipe, &rendered);
        if let Some(image) = self.unchanged(&fingerprint, &artifacts)? {
            self.finish(&steps, &image);
            return Ok(());
        }
        self.printer.say(&format!("building {} with {}", self.flags.tag, self.engine.description()));
        let incoming = incoming_folder(&artifacts)?;
        let dockerfile = self.write_context(&rendered)?;
        let secrets = self.secrets()?;
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
        let id = self.engine.build_image(&job, self.interrupt, &steps)?;
        let verified = self.engine.export_artifacts(&job, incoming.path(), self.interrupt).map_err(anyhow::Error::from);
        let verified = verified.and_then(|()| self.verify(&id, incoming.path()));
        let (image, verification) = verified.inspect_err(|_| self.engine.discard(&id))?;
        if self.interrupt.is_set() {
            return Err(engine::EngineError::Interrupted.into());
        }
        publish(incoming.path(), &artifacts)?;
        self.engine.tag(&id, &self.flags.tag)?;
        self.remember(fingerprint, &image, &verification)?;
        self.printer.block(&verify_artifacts::table(&artifacts, &verification, Severity::Warning));
        self.finish(&steps, &image);
        Ok(())
    }

    fn artifacts_folder(&self) -> PathBuf {
        self.flags.artifacts.clone().unwrap_or_else(|| verify_artifacts::default_folder(self.repo))
    }

    /// The image of an equal, verified build, when everything it left is still in place.
    fn unchanged(&self, fingerprint: &str, artifacts: &Path) -> Result<Option<LocalImage>> {
        let Some(last) = self.state.last_build().filter(|_| !self.flags.no_cache) else { return Ok(None) };
        if last.fingerprint != fingerprint || last.archives.is_empty() {
            return Ok(None);
        }
        let intact = last
            .archives
            .iter()
            .all(|(name, digest)| sha256(&artifacts.join(name)).is_ok_and(|found| found == *digest));
        if !intact {
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
        self.warn_of_drift(rendered)?;
        Ok(folder.join("Dockerfile.flightcontrol"))
    }

    /// What is committed names the default base, whatever this build starts from.
    fn warn_of_drift(&self, rendered: &[Rendered]) -> Result<()> {
        let on_default_base;
        let expected = if self.flags.base.is_none() {
            rendered
        } else {
            on_default_base = recipe::render(self.repo, &recipe::plan(self.repo, None))
                .context("filling in a template of assets/")?;
            &on_default_base
        };
        for file in expected.iter().filter(|file| is_drifted(self.repo, file)) {
            self.printer.warning(&format!(
                "{} differs from what is built here; a deployment would use it as it is\n  hint: look with `cargo xtask render --check`",
                file.path
            ));
        }
        Ok(())
    }

    fn secrets(&self) -> Result<Vec<Secret>> {
        if let Some(file) = &self.flags.ca_file {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("reading the CA file {}", file.display()))?;
            if !text.contains("-----BEGIN CERTIFICATE-----") {
                return Err(CheckFailed(format!(
                    "{}: found no certificate, expected certificates in PEM form\n  hint: convert with `openssl x509 -inform der -in FILE`",
                    file.display()
                ))
                .into());
            }
        }
        let names: std::collections::BTreeSet<_> =
            self.recipe.steps.iter().flat_map(|step| step.secrets.clone()).collect();
        let names: Vec<_> = names.into_iter().collect();
        Ok(find_secrets(&names, self.flags.ca_file.as_deref()))
    }

    fn verify(&self, id: &str, incoming: &Path) -> Result<(LocalImage, Verification)> {
        let verification = artifacts::verify(incoming, self.repo);
        let image = self
            .engine
            .inspect(id)?
            .with_context(|| format!("the engine does not know the image {id} it has built"))?;
        let findings = verify_run_configuration(
            &self.flags.tag,
            &found_configuration(&image),
            &expected_configuration(self.recipe),
        );
        if verification.is_sound() && findings.is_empty() {
            return Ok((image, verification));
        }
        self.printer.message("findings", json!({ "artifacts": verification.findings, "image": findings }));
        let all: Vec<_> = verification.findings.iter().chain(&findings).map(summary::finding).collect();
        Err(CheckFailed(format!("the image is not tagged, since it failed its checks\n{}", all.join("\n"))).into())
    }

    fn remember(&self, fingerprint: String, image: &LocalImage, verification: &Verification) -> Result<()> {
        let base = self.engine.inspect(&self.recipe.base_image)?;
        self.state.remember(&LastBuild {
            fingerprint,
            base_id: base.map(|base| base.id).unwrap_or_default(),
            image_id: image.id.clone(),
            archives: verification
                .archives
                .iter()
                .map(|archive| (archive.name.clone(), archive.sha256.clone()))
                .collect(),
        })
    }

    fn finish(&self, steps: &StepLog<'_>, image: &LocalImage) {
        let lines = summary::step_lines(self.recipe, steps);
        self.printer.clear();
        self.printer.block(&summary::table(&lines, image, &self.flags.tag, steps.seconds()));
        self.printer.message(
            "finished",
            json!({ "reference": self.flags.tag, "image": image, "steps": lines, "seconds": steps.seconds() }),
        );
        self.printer.data(&self.flags.tag);
    }
}

/// What an image is a function of: the recipe, and the templates that write it down.
fn fingerprint(recipe: &Recipe, rendered: &[Rendered]) -> String {
    let texts = rendered.iter().map(|file| file.text.as_str());
    sha256_of(std::iter::once(recipe.fingerprint.as_str()).chain(texts))
}

/// A new folder on the same file system as the archives' own, made before the long build: a repository that
/// cannot be written to is known at once.
fn incoming_folder(artifacts: &Path) -> Result<TempDir> {
    let hint = "name a writable folder with `--artifacts DIR`";
    let doing = || format!("preparing {} for the artifacts\n  hint: {hint}", artifacts.display());
    std::fs::create_dir_all(artifacts).with_context(doing)?;
    remove_folders(artifacts, INCOMING);
    tempfile::Builder::new().prefix(INCOMING).tempdir_in(artifacts).with_context(doing)
}

/// Moves the verified archives into place.
fn publish(incoming: &Path, artifacts: &Path) -> Result<()> {
    for name in [artifacts::SKELETON, artifacts::BUNDLE] {
        std::fs::rename(incoming.join(name), artifacts.join(name))
            .with_context(|| format!("moving {name} into {}", artifacts.display()))?;
    }
    Ok(())
}

fn found_configuration(image: &LocalImage) -> RunConfiguration {
    RunConfiguration {
        user: image.user.clone(),
        working_directory: image.working_directory.clone(),
        environment: image.environment.clone(),
        command: image.command.clone(),
    }
}

fn expected_configuration(recipe: &Recipe) -> RunConfiguration {
    RunConfiguration {
        user: recipe.image.user.clone(),
        working_directory: recipe.image.working_directory.clone(),
        environment: recipe.image.environment.clone(),
        command: recipe.image.command.clone(),
    }
}
