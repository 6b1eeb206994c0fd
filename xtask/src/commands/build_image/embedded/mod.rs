//! The build without a daemon: sandboxed steps, our own assembly, verified, then named.

mod documents;
mod known;
mod making;
mod telling;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use containers::LocalImage;
use diagnostics::Baseline;
use image::{Compression, ImageError, Layout, StoredImage, prune::PruneClass};
use monorepo::Monorepo;
use process::Interrupt;
use recipe::{Recipe, StepId};
use sandbox::{self, Build, EmbeddedJob, Reuse, Sandbox, TypeCheck};

use super::base::{self, Ground};
use super::image_check;
use super::outputs::Outputs;
use super::pruning;
use super::shared::{self, artifacts_folder, incoming_folder, publish, secrets};
use crate::commands::boot_image::{Boot, Booted, Subject};
use crate::commands::clean;
use crate::exit::WrongUsage;
use crate::flags::{BuildImage, CompressionMethod};
use crate::git::Commit;
use crate::output::Printer;
use crate::report::{EngineName, Story};
use crate::state::{State, TREES};

/// The layers written before, by what they were made of.
const LAYERS: &str = "layers.json";
/// What comes of an image that does not run.
const NOT_NAMED: &str = ", so it is not named";
/// Where the bytes of the last image are, as it was assembled.
const SIZES: &str = "sizes.json";

pub(super) fn run(
    flags: &BuildImage,
    repo: Monorepo,
    state: &State,
    story: &Story<'_>,
    interrupt: &Interrupt,
) -> Result<()> {
    let printer = story.printer;
    let outputs = Outputs::plan(&flags.embedded)?;
    let classes = pruning::classes(&flags.embedded.keep)?;
    check_compression(flags)?;
    let boot = shared::boot(flags)?;
    let accepted = image_check::accepted(flags)?;
    let recipe = recipe::plan(&repo, None);
    story.planned(EngineName::Embedded, &recipe, state);
    // Root file systems take its place.
    story.left_out(&StepId::Toolchain.to_string());
    story.is_beside(&StepId::Typecheck.to_string());
    if flags.embedded.no_typecheck {
        story.left_out(&StepId::Typecheck.to_string());
    }
    if !state.path(TREES).exists() {
        // The first build here: better to know before everything is fetched.
        sandbox::find_sandbox()?.check()?;
    }
    let (commit, ground) = std::thread::scope(|scope| {
        let commit = scope.spawn(|| Commit::of(&repo.root));
        let ground = base::prepare(flags, &repo, state, printer, interrupt, &story.steps);
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
        story,
        printer,
        interrupt,
        boot,
        accepted,
    };
    session.run(&outputs)
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
    story: &'a Story<'a>,
    printer: &'a Printer,
    interrupt: &'a Interrupt,
    boot: Option<Boot>,
    /// Findings that do not stop the build.
    accepted: Baseline,
}

impl Session<'_> {
    fn run(&self, outputs: &Outputs) -> Result<()> {
        let artifacts = artifacts_folder(self.flags, &self.repo);
        let fingerprint = self.fingerprint();
        let scratch = self.state.scratch()?;
        let (image, booted) = match self.unchanged(&fingerprint, &artifacts) {
            Some(image) => {
                self.take_stock(|| StoredImage::in_folder(&self.layout_folder(), Some(&self.flags.tag)));
                (image, self.boot_unchanged()?)
            }
            None => self.build(&fingerprint, &artifacts)?,
        };
        let layout = Layout::open(self.layout_folder())?;
        let attested = self.document(&layout, scratch.path())?;
        let (layout, referrers) = attested.unwrap_or((layout, Vec::new()));
        let written =
            outputs.write(&layout, &self.flags.tag, &referrers, scratch.path(), self.printer, self.interrupt)?;
        if let Some(booted) = booted {
            booted.tell(&self.flags.tag, self.printer);
        }
        self.finish(&image, &written)?;
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

    fn build(&self, fingerprint: &str, artifacts: &Path) -> Result<(LocalImage, Option<Booted>)> {
        self.printer.say(&format!("building {} with bubblewrap, without a daemon", self.flags.tag));
        let incoming = incoming_folder(artifacts)?;
        let mut build = Build::new(self.job()?)?;
        let made = self.make(&mut build, incoming.path());
        self.explain(&build);
        let made = made?;
        // The type check may still run.
        build.finish(self.interrupt, &self.story.steps)?;
        drop(build);
        if self.interrupt.is_set() {
            return Err(process::EngineError::Interrupted.into());
        }
        let image = || StoredImage::unnamed(&Layout::open(self.layout_folder())?, &made.spec);
        let booted = self.boot(image, NOT_NAMED)?;
        publish(incoming.path(), artifacts)?;
        let digest = made.store.write(&made.spec, &self.flags.tag)?;
        self.remember(fingerprint, &digest, &made)?;
        shared::tell(artifacts, &made.verification, &made.judged, self.printer);
        Ok((self.local_image(digest.manifest.as_str(), &made.spec.layers, made.size), booted))
    }

    /// Runs the image, when that is asked for.
    fn boot(
        &self,
        image: impl FnOnce() -> Result<StoredImage, ImageError>,
        consequence: &str,
    ) -> Result<Option<Booted>> {
        let Some(boot) = &self.boot else { return Ok(None) };
        let subject = Subject::of_files(image()?)?;
        boot.run(&subject, &self.flags.tag, consequence, self.state, self.printer, self.interrupt).map(Some)
    }

    /// Nothing was built, but somebody wants to see it run now.
    fn boot_unchanged(&self) -> Result<Option<Booted>> {
        self.boot(|| StoredImage::in_folder(&self.layout_folder(), Some(&self.flags.tag)), "")
    }

    fn job(&self) -> Result<EmbeddedJob> {
        let typecheck = if self.flags.embedded.no_typecheck { TypeCheck::Skip } else { TypeCheck::Gate };
        let mut secrets = secrets(self.flags, &self.recipe)?;
        if secrets.iter().all(|secret| secret.id != "ca") {
            secrets.extend(process::system_certificates());
        }
        Ok(EmbeddedJob {
            repo: Arc::clone(&self.repo),
            recipe: Arc::clone(&self.recipe),
            sandbox: Arc::new(sandbox::find_sandbox()?),
            builder: self.ground.builder.clone(),
            state: self.state.path(TREES),
            caches: self.state.shared().join("caches"),
            secrets,
            logs: self.state.path("logs"),
            typecheck,
            reuse: if self.flags.no_cache { Reuse::Nothing } else { Reuse::Unchanged },
        })
    }
}
