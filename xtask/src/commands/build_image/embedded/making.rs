//! The archives and the layers, of what the steps left, and what is found in them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use artifacts::Verification;
use diagnostics::{Baseline, BaselineResult};
use image::{ImageSpec, Layout, PartCache, RunConfiguration, StoredImage, prune::PruneClass, write_archive};
use monorepo::Monorepo;
use rootfs::Architecture;
use sandbox::Build;

use super::{LAYERS, SIZES, Session};
use crate::commands::build_image::assembly::{self, LayerStore, SizedLayer};
use crate::commands::build_image::image_check::ImageCheck;
use crate::commands::build_image::pruning;
use crate::commands::build_image::shared::require_shippable;
use crate::files::write_atomically;

/// Folder of the archives' compressed parts.
const PARTS: &str = "parts";

/// What a build made and checked, before anything has its name.
pub(super) struct Made {
    pub(super) spec: ImageSpec,
    pub(super) store: LayerStore,
    pub(super) verification: Verification,
    pub(super) judged: BaselineResult,
    /// Bytes of the image's files.
    pub(super) size: u64,
}

impl Session<'_> {
    /// Runs the steps, and makes of their results the archives and the layers.
    pub(super) fn make(&self, build: &mut Build, incoming: &Path) -> Result<Made> {
        let image = &self.recipe.image;
        build.wait_for(&image.dependencies, self.interrupt, &self.story.steps)?;
        // Beside the steps that still run.
        let mut store = self.layer_store()?;
        let base = self.ground.base.layers(&mut store)?;
        let base = self.with_programs(build, &mut store, base)?;
        build.wait_for(&image.application, self.interrupt, &self.story.steps)?;
        let assemble = || self.assemble(build, store, base, incoming);
        process::as_step(&self.recipe.assembling().to_string(), &self.story.steps, assemble)
    }

    /// Each program below the app is a layer of its own.
    fn with_programs(
        &self,
        build: &mut Build,
        store: &mut LayerStore,
        mut layers: Vec<SizedLayer>,
    ) -> Result<Vec<SizedLayer>> {
        for program in &self.recipe.image.programs {
            build.wait_for(&program.step, self.interrupt, &self.story.steps)?;
            let tree = build.tree(&program.step);
            layers.push(store.layer(build.key(&program.step), || assembly::program(&tree, program))?);
        }
        Ok(layers)
    }

    fn layer_store(&self) -> Result<LayerStore> {
        if self.flags.no_cache {
            for path in [LAYERS, PARTS] {
                process::remove_tree(&self.state.path(path))?;
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
            verification.findings.retain(|finding| finding.code != artifacts::SOURCE_MAPS.code);
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
        let dependencies = &self.recipe.image.dependencies;
        let tree = build.tree(dependencies);
        let declarations = pruning::has_schema_in_typescript(&self.repo, workspace)?;
        let key = format!("{} {classes:?} {declarations}", build.key(dependencies));
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

    fn verify(&self, spec: &ImageSpec, verification: &Verification) -> Result<BaselineResult> {
        let found = RunConfiguration {
            user: spec.user.clone(),
            working_directory: spec.working_dir.clone(),
            environment: spec.env.clone(),
            command: spec.cmd.clone(),
        };
        let check = ImageCheck::new(self.flags, &self.repo, &self.accepted, self.state);
        let judged = check.of_layout(&self.layout_folder(), spec)?;
        self.take_stock(|| StoredImage::unnamed(&Layout::open(self.layout_folder())?, spec));
        require_shippable(&self.flags.tag, &found, &self.recipe, verification, &judged, self.story)?;
        Ok(judged)
    }
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
