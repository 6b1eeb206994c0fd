//! The archives and the layers, of what the steps left.

use std::path::Path;

use anyhow::Result;
use artifacts::Verification;
use image::{ImageSpec, PartCache, RunConfiguration, prune::PruneClass, write_archive};
use monorepo::Monorepo;
use rootfs::Architecture;
use sandbox::{Build, Reuse};

use super::layer_store::{LayerStore, SizedLayer, sound_layout};
use super::{EmbeddedBackend, EmbeddedImage, LAYERS, SIZES, layers, pruning, spec};
use crate::backend::{Built, Job};
use crate::context::Context;
use crate::epoch::epoch;
use crate::files::write_atomically;

/// Folder of the archives' compressed parts.
const PARTS: &str = "parts";

/// An image whose layers are in our layout, before anything has its name.
pub(crate) struct AssembledImage {
    pub(super) spec: ImageSpec,
    pub(super) store: LayerStore,
    /// Bytes of the image's files.
    pub(super) size: u64,
}

/// Runs the steps, and makes of their results the archives and the layers.
pub(super) fn run(backend: &EmbeddedBackend<'_>, build: &mut Build, job: &Job<'_>) -> Result<Built<EmbeddedImage>> {
    let Context { recipe, report, interrupt, .. } = backend.context;
    build.wait_for(&recipe.image.dependencies, interrupt, &report.steps)?;
    // Beside the steps that still run.
    let mut store = layer_store(backend)?;
    let base = backend.roots.base.layers(&mut store)?;
    let base = with_programs(backend.context, build, &mut store, base)?;
    build.wait_for(&recipe.image.application, interrupt, &report.steps)?;
    let assemble = || Assembly { backend, build, job }.run(store, base);
    process::as_step(&recipe.assembling().to_string(), &report.steps, assemble)
}

/// Each program below the app is a layer of its own.
fn with_programs(
    context: &Context<'_>,
    build: &mut Build,
    store: &mut LayerStore,
    mut below: Vec<SizedLayer>,
) -> Result<Vec<SizedLayer>> {
    for program in &context.recipe.image.programs {
        build.wait_for(&program.step, context.interrupt, &context.report.steps)?;
        let tree = build.tree(&program.step);
        below.push(store.layer(build.key(&program.step), || layers::program(&tree, program))?);
    }
    Ok(below)
}

fn layer_store(backend: &EmbeddedBackend<'_>) -> Result<LayerStore> {
    let Context { settings, state, .. } = backend.context;
    if settings.reuse == Reuse::Nothing {
        for path in [LAYERS, PARTS] {
            process::remove_tree(&state.path(path))?;
        }
    }
    let layout = sound_layout(&backend.layout_folder())?;
    Ok(LayerStore::open(layout, state.path(LAYERS), backend.compression(), epoch().unwrap_or_default()))
}

/// What is assembled, of steps that are done.
struct Assembly<'a> {
    backend: &'a EmbeddedBackend<'a>,
    build: &'a Build,
    job: &'a Job<'a>,
}

impl Assembly<'_> {
    fn run(&self, mut store: LayerStore, base: Vec<SizedLayer>) -> Result<Built<EmbeddedImage>> {
        let Context { repo, recipe, state, .. } = self.backend.context;
        let workspace = self.build.dist_workspace();
        let parts = state.path(PARTS);
        let (verification, layers) = std::thread::scope(|scope| {
            let verification = scope.spawn(|| write_archives(repo, &workspace, &parts, self.job));
            let layers = self.layers(&mut store, base, &workspace);
            (verification.join(), layers)
        });
        let mut verification =
            verification.map_err(|_| anyhow::anyhow!("the check of the archives ended with a panic"))??;
        if self.backend.classes.contains(&PruneClass::AppSourceMaps) {
            // They are in the archives, not in the image.
            verification.findings.retain(|finding| finding.code != artifacts::SOURCE_MAPS.code);
        }
        let layers = layers?;
        let size = layers.iter().map(|layer| layer.bytes).sum();
        let layers = layers.into_iter().map(|layer| layer.layer).collect();
        let (commit, base) = (&self.backend.commit, &self.backend.roots.base);
        let spec = spec::spec(Architecture::of_host()?, repo, recipe, commit, base, layers);
        let runs = RunConfiguration {
            user: spec.user.clone(),
            working_directory: spec.working_dir.clone(),
            environment: spec.env.clone(),
            command: spec.cmd.clone(),
        };
        Ok(Built {
            image: EmbeddedImage::Assembled(Box::new(AssembledImage { spec, store, size })),
            runs,
            verification,
        })
    }

    /// The layers from the base up, by how often they change: dependencies, frontend, backend, configuration.
    fn layers(&self, store: &mut LayerStore, base: Vec<SizedLayer>, workspace: &Path) -> Result<Vec<SizedLayer>> {
        let Context { repo, recipe, state, .. } = self.backend.context;
        let classes = &self.backend.classes;
        let dependencies = &recipe.image.dependencies;
        let tree = self.build.tree(dependencies);
        let declarations = pruning::has_schema_in_typescript(repo, workspace)?;
        let platform = pruning::platform(&self.backend.roots.base.config.env);
        let abi = platform.module_version;
        let key = format!("{} {classes:?} {declarations} {abi:?}", self.build.key(dependencies));
        let known = store.known(&key);
        let mut folders = repo.module_folders();
        folders.retain(|folder| known.is_none() && tree.join(folder).is_dir());
        let modules: Vec<_> = folders.iter().map(|folder| (tree.as_path(), folder.clone())).collect();
        let mut plan = pruning::plan(workspace, &modules, classes, platform)?;
        let [frontend, app] = layers::application(repo, workspace, &mut plan)?;
        let dependencies = match known {
            Some(layer) => {
                plan.verify_schemas(&[&frontend, &app], "app")?;
                layer
            }
            None => {
                let installed = layers::dependencies(&tree, &folders, &mut plan)?;
                plan.verify_schemas(&[&installed, &frontend, &app], "app")?;
                write_atomically(&state.path(SIZES), &serde_json::to_vec(&plan.explain())?)?;
                store.layer(&key, || Ok(installed))?
            }
        };
        let mut all = base;
        all.push(dependencies);
        for files in [frontend, app, layers::configuration(repo, recipe)?] {
            if !files.is_empty() {
                all.push(store.by_content(files)?);
            }
        }
        Ok(all)
    }
}

/// Writes both archives, and checks what was written.
fn write_archives(repo: &Monorepo, workspace: &Path, parts: &Path, job: &Job<'_>) -> Result<Verification> {
    let cache = PartCache::at(parts.to_owned())?;
    let start = std::time::SystemTime::now();
    for (name, files) in layers::archives(repo, workspace)? {
        write_archive(&job.incoming.join(name), &files, &cache)?;
    }
    cache.sweep(start);
    Ok((job.verify_archives)(job.incoming))
}
