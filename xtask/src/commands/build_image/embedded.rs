//! The build without a daemon: sandboxed steps, our own assembly, verified, then named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use artifacts::Verification;
use engine::embedded::{self, Build, EmbeddedJob, Reuse, Sandbox, TypeCheck};
use engine::root::Architecture;
use engine::run::ImageSettings;
use engine::{Interrupt, LocalImage};
use image::prune::PruneClass;
use image::{
    Compression, ImageDigest, ImageSpec, Judged, Layer, Layout, PartCache, RunConfiguration, verify_run_configuration,
    write_archive,
};
use monorepo::{Baseline, Monorepo};
use recipe::{Recipe, StepId};
use serde_json::json;

use super::assembly::{self, LayerStore, SizedLayer};
use super::base::{self, Ground};
use super::git::Commit;
use super::image_check::{self, ImageCheck};
use super::outputs::Outputs;
use super::pruning;
use super::shared::{self, artifacts_folder, expected_configuration, incoming_folder, publish, require_sound, secrets};
use crate::commands::boot_image::{Boot, Booted, Subject};
use crate::commands::clean;
use crate::exit::WrongUsage;
use crate::files::{sha256_of, write_atomically};
use crate::flags::{BuildImage, CompressionMethod};
use crate::output::{Printer, StepLog};
use crate::state::{LastBuild, State};
use crate::summary;

/// The finding about source maps in the archives, which is of no concern when the image has none.
const SOURCE_MAPS: &str = "BX038";
/// Folder of the steps' work trees and records.
const TREES: &str = "embedded";
/// The layers written before, by what they were made of.
const LAYERS: &str = "layers.json";
/// Folder of the archives' compressed parts.
const PARTS: &str = "parts";
/// What comes of an image that does not run.
const NOT_NAMED: &str = ", so it is not named";
/// Where the bytes of the last image are, as it was assembled.
const SIZES: &str = "sizes.json";

pub(super) fn run(
    flags: &BuildImage,
    repo: Monorepo,
    state: &State,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let outputs = Outputs::plan(&flags.embedded)?;
    let classes = pruning::classes(&flags.embedded.keep)?;
    check_compression(flags)?;
    let boot = shared::boot(flags)?;
    let accepted = image_check::accepted(flags)?;
    let recipe = recipe::plan(&repo, None);
    let steps = StepLog::new(printer);
    if !state.path(TREES).exists() {
        // The first build here: better to know before everything is fetched.
        embedded::find_sandbox()?.check()?;
    }
    let (commit, ground) = std::thread::scope(|scope| {
        let commit = scope.spawn(|| Commit::of(&repo.root));
        let ground = base::prepare(flags, &repo, state, interrupt, &steps);
        (commit.join().unwrap_or_default(), ground)
    });
    let ground = ground?;
    if commit.is_refused {
        printer.warning(&format!(
            "git says nothing of this repository, since it belongs to another user: the image names no commit, and its date is 1970\n  hint: run `git config --global --add safe.directory {}`",
            repo.root.display()
        ));
    }
    let session = Session {
        flags,
        classes,
        repo: Arc::new(repo),
        recipe: Arc::new(recipe),
        ground,
        commit,
        state,
        printer,
        interrupt,
        boot,
        accepted,
        steps,
    };
    session.run(&outputs)
}

/// Writes both archives, and checks what was written.
fn write_archives(
    repo: &Monorepo,
    workspace: &Path,
    incoming: &Path,
    parts: PathBuf,
    accepted: &Baseline,
) -> Result<Verification> {
    let cache = PartCache::at(parts)?;
    let start = std::time::SystemTime::now();
    for (name, files) in assembly::archives(repo, workspace)? {
        write_archive(&incoming.join(name), &files, &cache)?;
    }
    cache.sweep(start);
    Ok(artifacts::verify_against(incoming, repo, accepted))
}

/// Known before the long build.
fn check_compression(flags: &BuildImage) -> Result<()> {
    if flags.embedded.compression == Some(CompressionMethod::Zstd) && !cfg!(feature = "zstd") {
        return Err(WrongUsage(
            "--compression zstd: this program was built without zstd, which takes long to compile\n  hint: build it in, \
             with `cargo run --package xtask --features zstd -- build-image …`"
                .to_owned(),
        )
        .into());
    }
    Ok(())
}

/// Everything one build works with.
struct Session<'a> {
    flags: &'a BuildImage,
    /// What the image goes without.
    classes: BTreeSet<PruneClass>,
    repo: Arc<Monorepo>,
    recipe: Arc<Recipe>,
    ground: Ground,
    commit: Commit,
    state: &'a State,
    printer: &'a Printer,
    interrupt: &'a Interrupt,
    boot: Option<Boot>,
    /// Findings that do not stop the build.
    accepted: Baseline,
    steps: StepLog<'a>,
}

/// What a build made and checked, before anything has its name.
struct Made {
    spec: ImageSpec,
    store: LayerStore,
    verification: Verification,
    judged: Judged,
    /// Bytes of the image's files.
    size: u64,
}

impl Session<'_> {
    fn run(&self, outputs: &Outputs) -> Result<()> {
        let artifacts = artifacts_folder(self.flags, &self.repo);
        let fingerprint = self.fingerprint();
        let scratch = self.state.scratch()?;
        let (image, booted) = match self.unchanged(&fingerprint, &artifacts) {
            Some(image) => (image, self.boot_unchanged()?),
            None => self.build(&fingerprint, &artifacts)?,
        };
        let layout = Layout::open(self.layout_folder())?;
        let written = outputs.write(&layout, &self.flags.tag, scratch.path(), self.printer, self.interrupt)?;
        if let Some(booted) = booted {
            booted.tell(&self.flags.tag, self.printer);
        }
        self.finish(&image, &written);
        clean::prune(self.state.shared(), self.printer);
        Ok(())
    }

    fn layout_folder(&self) -> PathBuf {
        self.state.path("image")
    }

    fn compression(&self) -> Compression {
        match self.flags.embedded.compression {
            None | Some(CompressionMethod::Gzip) => Compression::Gzip,
            Some(CompressionMethod::Zstd) => Compression::Zstd,
        }
    }

    /// What the image is a function of.
    fn fingerprint(&self) -> String {
        let flags = &self.flags.embedded;
        let settings = format!(
            "embedded {:?} {:?} {:?} {} {:?} {}",
            self.compression(),
            flags.keep,
            self.commit,
            flags.no_typecheck,
            assembly::epoch(),
            self.accepted.to_json()
        );
        let ground = [self.ground.builder.digest.as_str(), self.ground.base.digest.as_str()];
        sha256_of([self.recipe.fingerprint.as_str(), &settings].into_iter().chain(ground))
    }

    /// The image of an equal, verified build, when everything it left is still in place.
    fn unchanged(&self, fingerprint: &str, artifacts: &Path) -> Option<LocalImage> {
        let last = self.state.last_build().filter(|last| last.fingerprint == fingerprint && !self.flags.no_cache)?;
        if !last.has_archives_in(artifacts) {
            return None;
        }
        let layout = Layout::open(self.layout_folder()).ok()?;
        let image = layout.image(&self.flags.tag).ok()?;
        let same = image.manifest.digest.as_str() == last.image_id;
        let is_intact = same && image::verify_blobs(&layout, &image.blobs()).is_ok();
        is_intact.then(|| self.local_image(&last.image_id, &image.layers, last.size))
    }

    fn build(&self, fingerprint: &str, artifacts: &Path) -> Result<(LocalImage, Option<Booted>)> {
        self.printer.say(&format!("building {} with bubblewrap, without a daemon", self.flags.tag));
        let incoming = incoming_folder(artifacts)?;
        let mut build = Build::new(self.job()?)?;
        let made = self.make(&mut build, incoming.path());
        self.explain(&build);
        let made = made?;
        // The type check may still run.
        build.finish(self.interrupt, &self.steps)?;
        drop(build);
        if self.interrupt.is_set() {
            return Err(engine::EngineError::Interrupted.into());
        }
        let settings = ImageSettings {
            environment: made.spec.env.clone(),
            folder: made.spec.working_dir.clone(),
            argv: made.spec.entrypoint.iter().chain(&made.spec.cmd).cloned().collect(),
            port: Some(self.recipe.image.port),
        };
        let booted = self.boot(&made.spec.layers, settings, NOT_NAMED)?;
        publish(incoming.path(), artifacts)?;
        let digest = made.store.write(&made.spec, &self.flags.tag)?;
        self.remember(fingerprint, &digest, &made)?;
        shared::tell(artifacts, &made.verification, &made.judged, self.printer);
        Ok((self.local_image(digest.manifest.as_str(), &made.spec.layers, made.size), booted))
    }

    /// Runs the image, when that is asked for.
    fn boot(&self, layers: &[Layer], settings: ImageSettings, consequence: &str) -> Result<Option<Booted>> {
        let Some(boot) = &self.boot else { return Ok(None) };
        let blobs = self.layout_folder().join("blobs/sha256");
        let layers = layers.iter().map(|layer| blobs.join(layer.digest.hex())).collect();
        let subject = Subject::of_layers(layers, settings)?;
        boot.run(&subject, &self.flags.tag, consequence, self.state, self.printer, self.interrupt).map(Some)
    }

    /// Nothing was built, but somebody wants to see it run now.
    fn boot_unchanged(&self) -> Result<Option<Booted>> {
        let image = Layout::open(self.layout_folder())?.image(&self.flags.tag)?;
        let config = image.config.config;
        let argv = config.entrypoint.into_iter().chain(config.cmd).collect();
        let port = Some(self.recipe.image.port);
        let settings = ImageSettings { environment: config.env, folder: config.working_dir, argv, port };
        self.boot(&image.layers, settings, "")
    }

    fn job(&self) -> Result<EmbeddedJob> {
        let typecheck = if self.flags.embedded.no_typecheck { TypeCheck::Skip } else { TypeCheck::Gate };
        let mut secrets = secrets(self.flags, &self.recipe)?;
        if secrets.iter().all(|secret| secret.id != "ca") {
            secrets.extend(engine::system_certificates());
        }
        Ok(EmbeddedJob {
            repo: Arc::clone(&self.repo),
            recipe: Arc::clone(&self.recipe),
            sandbox: Arc::new(embedded::find_sandbox()?),
            builder: self.ground.builder.clone(),
            state: self.state.path(TREES),
            caches: self.state.shared().join("caches"),
            secrets,
            logs: self.state.path("logs"),
            typecheck,
            reuse: if self.flags.no_cache { Reuse::Nothing } else { Reuse::Unchanged },
        })
    }

    /// Runs the steps, and makes of their results the archives and the layers.
    fn make(&self, build: &mut Build, incoming: &Path) -> Result<Made> {
        build.wait_for(&StepId::ProductionDependencies, self.interrupt, &self.steps)?;
        // Beside the steps that still run.
        let mut store = self.layer_store()?;
        let base = self.ground.base.layers(&mut store)?;
        build.wait_for(&StepId::BuildBackend, self.interrupt, &self.steps)?;
        let assemble = || self.assemble(build, store, base, incoming);
        engine::as_step(&StepId::Assemble.to_string(), &self.steps, assemble)
    }

    fn layer_store(&self) -> Result<LayerStore> {
        if self.flags.no_cache {
            for path in [LAYERS, PARTS] {
                engine::remove_tree(&self.state.path(path))?;
            }
        }
        let layout = assembly::sound_layout(&self.layout_folder())?;
        let mtime = assembly::epoch().unwrap_or_default();
        Ok(LayerStore::open(layout, self.state.path(LAYERS), self.compression(), mtime))
    }

    fn assemble(&self, build: &Build, mut store: LayerStore, base: Vec<SizedLayer>, incoming: &Path) -> Result<Made> {
        let workspace = build.dist_workspace();
        let (repo, parts, accepted) = (self.repo.as_ref(), self.state.path(PARTS), &self.accepted);
        let (verification, layers) = std::thread::scope(|scope| {
            let verification = scope.spawn(|| write_archives(repo, &workspace, incoming, parts, accepted));
            let layers = self.layers(build, &mut store, base, &workspace);
            (verification.join(), layers)
        });
        let mut verification =
            verification.map_err(|_| anyhow::anyhow!("the check of the archives ended with a panic"))??;
        if self.classes.contains(&PruneClass::AppSourceMaps) {
            // They are in the archives, not in the image.
            verification.findings.retain(|finding| finding.code != SOURCE_MAPS);
        }
        let layers = layers?;
        let architecture = Architecture::of_host()?;
        let size = layers.iter().map(|layer| layer.bytes).sum();
        let layers = layers.into_iter().map(|layer| layer.layer).collect();
        let spec = assembly::spec(architecture, &self.repo, &self.recipe, &self.commit, &self.ground.base, layers);
        let judged = self.verify(&spec, &verification)?;
        Ok(Made { spec, store, verification, judged, size })
    }

    /// The layers from the base up, by how often they change: dependencies, frontend, backend, configuration.
    fn layers(
        &self,
        build: &Build,
        store: &mut LayerStore,
        base: Vec<SizedLayer>,
        workspace: &Path,
    ) -> Result<Vec<SizedLayer>> {
        let classes = &self.classes;
        let tree = build.tree(&StepId::ProductionDependencies);
        let declarations = pruning::has_schema_in_typescript(&self.repo, workspace)?;
        let key = format!("{} {classes:?} {declarations}", build.key(&StepId::ProductionDependencies));
        let known = store.known(&key);
        let mut folders = self.repo.module_folders();
        folders.retain(|folder| known.is_none() && tree.join(folder).is_dir());
        let modules: Vec<_> = folders.iter().map(|folder| (tree.as_path(), folder.clone())).collect();
        let mut plan = pruning::plan(workspace, &modules, classes)?;
        let [frontend, backend] = assembly::application(&self.repo, workspace, &mut plan)?;
        let dependencies = match known {
            Some(layer) => {
                plan.verify_schemas(&[&frontend, &backend], "app")?;
                layer
            }
            None => {
                let installed = assembly::dependencies(&tree, &folders, &mut plan)?;
                plan.verify_schemas(&[&installed, &frontend, &backend], "app")?;
                write_atomically(&self.state.path(SIZES), &serde_json::to_vec(&plan.explain())?)?;
                store.layer(&key, || Ok(installed))?
            }
        };
        let mut layers = base;
        layers.push(dependencies);
        for files in [frontend, backend, assembly::configuration(&self.repo, &self.recipe)?] {
            if !files.is_empty() {
                layers.push(store.by_content(files)?);
            }
        }
        Ok(layers)
    }

    fn verify(&self, spec: &ImageSpec, verification: &Verification) -> Result<Judged> {
        let found = RunConfiguration {
            user: spec.user.clone(),
            working_directory: spec.working_dir.clone(),
            environment: spec.env.clone(),
            command: spec.cmd.clone(),
        };
        let check = ImageCheck::new(self.flags, &self.repo, &self.accepted, self.state);
        let judged = check.of_layout(&self.layout_folder(), spec)?;
        let mut findings = verify_run_configuration(&self.flags.tag, &found, &expected_configuration(&self.recipe));
        findings.extend(judged.findings.iter().cloned());
        require_sound(verification, &findings, self.printer)?;
        Ok(judged)
    }

    fn explain(&self, build: &Build) {
        let explained = build.explained();
        self.printer.message("explained", json!({ "steps": explained }));
        if self.flags.embedded.explain {
            for (step, reasons) in explained {
                self.printer.block(&format!("{step} ran: {}", reasons.join("; ")));
            }
        }
    }

    fn explain_size(&self) {
        let text = std::fs::read(self.state.path(SIZES)).unwrap_or_default();
        if let Ok(size) = serde_json::from_slice(&text) {
            self.printer.message("sizes", json!(size));
            if self.flags.embedded.explain_size {
                self.printer.block(&pruning::table(&size));
            }
        }
    }

    fn remember(&self, fingerprint: &str, digest: &ImageDigest, made: &Made) -> Result<()> {
        let archives = made.verification.archives.iter();
        self.state.remember(&LastBuild {
            fingerprint: fingerprint.to_owned(),
            base_id: self.ground.base.digest.clone(),
            ground: String::new(),
            image_id: digest.manifest.as_str().to_owned(),
            size: made.size,
            archives: archives.map(|archive| (archive.name.clone(), archive.sha256.clone())).collect(),
        })
    }

    fn local_image(&self, id: &str, layers: &[Layer], size: u64) -> LocalImage {
        let expected = expected_configuration(&self.recipe);
        LocalImage {
            id: id.to_owned(),
            names: vec![self.flags.tag.clone()],
            size,
            layers: layers.iter().map(|layer| layer.diff_id.as_str().to_owned()).collect(),
            user: expected.user,
            working_directory: expected.working_directory,
            environment: expected.environment,
            command: expected.command,
        }
    }

    fn finish(&self, image: &LocalImage, written: &[String]) {
        let lines = summary::step_lines(&self.recipe, &self.steps);
        self.printer.clear();
        self.printer.block(&summary::table(&lines, image, &self.flags.tag, self.steps.seconds()));
        self.printer.message(
            "finished",
            json!({ "reference": self.flags.tag, "image": image, "written": written, "steps": lines, "seconds": self.steps.seconds() }),
        );
        self.explain_size();
        for line in written {
            self.printer.data(line);
        }
    }
}
