//! The engine without a daemon: sandboxed steps, our own assembly of their results, and a layout that holds the image.

mod assemble;
mod base;
mod cache;
mod layer_store;
mod layers;
mod pruning;
mod spec;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use containers::LocalImage;
use diagnostics::WrongUsage;
use image::{
    Compression, ImageError, Layout, StoredImage,
    prune::{ExplainSize, PruneClass},
};
use process::{Event, Reporter, StepState};
use recipe::Place;
use sandbox::{Build, EmbeddedJob, Gates, Sandbox};

use crate::backend::{Backend, Built, Job};
use crate::boot_image::Bootable;
use crate::context::Context;
use crate::git::Commit;
use crate::provenance::{Origin, ProvenanceInput};
use crate::secrets::secrets;
use crate::settings::BuildSettings;
use crate::state::{LastBuild, TREES};
use assemble::AssembledImage;
use base::BuildRoots;

/// The layers written before, by what they were made of.
const LAYERS: &str = "layers.json";
/// Where the bytes of the last image are, as it was assembled.
const SIZES: &str = "sizes.json";
/// The layout that holds the image.
const LAYOUT: &str = "image";

/// What is asked for that cannot be had is known before the long build.
pub(crate) fn check_settings(settings: &BuildSettings) -> Result<()> {
    pruning::classes(&settings.embedded.keep)?;
    if settings.embedded.compression == Some(Compression::Zstd) && !cfg!(feature = "zstd") {
        let hint = "build it in, with `cargo run --package xtask --features zstd -- build-image …`";
        let text = "--compression zstd: this program was built without zstd, which takes long to compile";
        return Err(WrongUsage::new(text).hint(hint).into());
    }
    Ok(())
}

/// An image in our layout.
pub(crate) enum EmbeddedImage {
    /// Its layers are there; it has no name.
    Assembled(Box<AssembledImage>),
    /// It has its name there.
    Named,
}

/// The engine, and what it stands on in this build.
pub(crate) struct EmbeddedBackend<'a> {
    context: &'a Context<'a>,
    /// What the image goes without.
    classes: BTreeSet<PruneClass>,
    roots: BuildRoots,
    commit: Commit,
    /// The steps that still run.
    build: Option<Build>,
}

impl<'a> EmbeddedBackend<'a> {
    /// Finds what the steps run over and what the image stands on, or makes it.
    pub(crate) fn prepare(context: &'a Context<'a>) -> Result<Self> {
        let Context { settings, repo, recipe, state, report, console, .. } = context;
        for step in &recipe.steps {
            let name = step.id.to_string();
            if step.gate {
                report.is_beside(&name);
            }
            let is_skipped = step.gate && settings.embedded.gates == Gates::Open;
            // Root file systems take the place of the toolchain.
            if is_skipped || matches!(step.place, Place::BuilderRoot { .. }) {
                report.left_out(&name);
            }
            if is_skipped {
                report.steps.report(&Event::StepFinished { step: name, state: StepState::Skipped, seconds: 0.0 });
            }
        }
        if !state.path(TREES).exists() {
            // The first build here: better to know before everything is fetched.
            sandbox::find_sandbox()?.check()?;
        }
        let (commit, roots) = std::thread::scope(|scope| {
            let commit = scope.spawn(|| Commit::of(&repo.root));
            let roots = base::prepare(context);
            (commit.join().unwrap_or_default(), roots)
        });
        let roots = roots?;
        if commit.is_refused {
            console.warning(&format!(
                "git says nothing of this repository, since it belongs to another user: the image names no commit, and its date is 1970\n  hint: run `git config --global --add safe.directory {}`",
                repo.root.display()
            ));
        }
        Ok(Self { context, classes: pruning::classes(&settings.embedded.keep)?, roots, commit, build: None })
    }

    fn layout_folder(&self) -> PathBuf {
        self.context.state.path(LAYOUT)
    }

    fn compression(&self) -> Compression {
        self.context.settings.embedded.compression.unwrap_or(Compression::Gzip)
    }

    fn job(&self) -> Result<EmbeddedJob> {
        let Context { settings, repo, recipe, state, .. } = self.context;
        let mut secrets = secrets(settings, recipe)?;
        if secrets.iter().all(|secret| secret.id != "ca") {
            secrets.extend(process::system_certificates());
        }
        Ok(EmbeddedJob {
            repo: Arc::clone(repo),
            recipe: Arc::clone(recipe),
            sandbox: Arc::new(sandbox::find_sandbox()?),
            builder: self.roots.builder.clone(),
            state: state.path(TREES),
            caches: state.shared().join("caches"),
            secrets,
            logs: state.path("logs"),
            gates: settings.embedded.gates,
            reuse: settings.reuse,
        })
    }
}

impl Backend for EmbeddedBackend<'_> {
    type Image = EmbeddedImage;

    fn description(&self) -> String {
        "bubblewrap, without a daemon".to_owned()
    }

    fn fingerprint(&self) -> String {
        cache::fingerprint(self)
    }

    fn find(&self, last: &LastBuild) -> Result<Option<(EmbeddedImage, LocalImage)>> {
        Ok(cache::find(self, last).map(|local| (EmbeddedImage::Named, local)))
    }

    fn run(&mut self, job: &Job<'_>) -> Result<Built<EmbeddedImage>> {
        let mut build = Build::new(self.job()?)?;
        let built = assemble::run(self, &mut build, job);
        self.explain(&build);
        let built = built?;
        self.build = Some(build);
        Ok(built)
    }

    fn pass_gates(&mut self) -> Result<()> {
        let Context { report, interrupt, .. } = self.context;
        if let Some(mut build) = self.build.take() {
            build.finish(interrupt, &report.steps)?;
        }
        Ok(())
    }

    /// Layers that were looked at are not read again.
    fn check_key(&self, _image: &EmbeddedImage) -> Option<String> {
        None
    }

    fn open(&self, image: &EmbeddedImage, _scratch: &Path) -> Result<Result<StoredImage, ImageError>> {
        Ok(match image {
            EmbeddedImage::Assembled(image) => StoredImage::unnamed(&Layout::open(self.layout_folder())?, &image.spec),
            EmbeddedImage::Named => StoredImage::in_folder(&self.layout_folder(), Some(&self.context.settings.tag)),
        })
    }

    fn bootable(&self, image: &EmbeddedImage) -> Result<Bootable> {
        let image = match image {
            EmbeddedImage::Assembled(assembled) => {
                StoredImage::unnamed(&Layout::open(self.layout_folder())?, &assembled.spec)?
            }
            EmbeddedImage::Named => StoredImage::in_folder(&self.layout_folder(), Some(&self.context.settings.tag))?,
        };
        Ok(Bootable::Files(Box::new(image)))
    }

    fn name(&self, image: &EmbeddedImage) -> Result<LocalImage> {
        let EmbeddedImage::Assembled(image) = image else { anyhow::bail!("the image has its name already") };
        let AssembledImage { spec, store, size } = image.as_ref();
        let digest = store.write(spec, &self.context.settings.tag)?;
        Ok(cache::local_image(self.context, digest.manifest.as_str(), &spec.layers, *size))
    }

    /// Its layers may be those of the next build; the one after that sweeps them.
    fn discard(&self, _image: &EmbeddedImage) {}

    fn base_id(&self) -> Result<String> {
        Ok(self.roots.base.digest.clone())
    }

    fn origin(&self) -> Result<Origin> {
        let BuildRoots { base, builder } = &self.roots;
        let inputs = vec![
            ProvenanceInput { role: "base", name: Some(base.name.clone()), digest: base.digest.clone() },
            ProvenanceInput { role: "builder", name: None, digest: builder.digest.clone() },
        ];
        Ok(Origin { engine: "embedded", commit: self.commit.clone(), inputs })
    }

    fn layout(&self, _image: &EmbeddedImage, _scratch: &Path) -> Result<Layout> {
        Ok(Layout::open(self.layout_folder())?)
    }

    fn place(&self) -> String {
        format!("oci:{}:{}", self.layout_folder().display(), self.context.settings.tag)
    }

    fn sizes(&self) -> Option<ExplainSize> {
        let text = std::fs::read(self.context.state.path(SIZES)).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl EmbeddedBackend<'_> {
    /// Why each step ran.
    fn explain(&self, build: &Build) {
        let Context { settings, report, console, .. } = self.context;
        let explained = build.explained();
        report.explained(explained);
        console.message("explained", serde_json::json!({ "steps": explained }));
        if settings.embedded.explain {
            for (step, reasons) in explained {
                console.block(&format!("{step} ran: {}", reasons.join("; ")));
            }
        }
    }
}
