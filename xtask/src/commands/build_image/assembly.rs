//! The image of the embedded engine: layers by how often they change, from folders that its steps left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use diagnostics::hexadecimal;
use image::{
    Compression, Content, Descriptor, EntryKind, Healthcheck, ImageDigest, ImageSpec, Layer, LayerFiles, Layout, Owner,
    StoredLayer, prune::PrunePlan, verify_blobs, write_image, write_layer,
};
use monorepo::{LOCKFILE, Monorepo};
use recipe::{HealthCheck, MKDOCS, Recipe, TECHDOCS};
use rootfs::Architecture;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::base::Base;
use crate::files::write_atomically;
use crate::git::{Commit, rfc3339};

/// Grows when equal folders give other layers than before.
const FORM: u32 = 1;
/// Whom the application's files belong to.
const NODE: Owner = Owner { uid: 1000, gid: 1000 };

/// A layer, and what its files amount to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SizedLayer {
    pub(super) layer: Layer,
    /// Bytes of its files, as engines count the size of an image: an archive has headers besides.
    pub(super) bytes: u64,
}

/// The layers written before, by what they were made of.
pub(super) struct LayerStore {
    layout: Layout,
    file: PathBuf,
    known: BTreeMap<String, SizedLayer>,
    used: BTreeMap<String, SizedLayer>,
    compression: Compression,
    mtime: u64,
}

/// The layout in our own folder; one that something damaged is made anew.
pub(super) fn sound_layout(folder: &Path) -> Result<Layout> {
    let is_sound =
        |layout: &Layout| layout.references().is_ok_and(|names| names.iter().all(|name| layout.image(name).is_ok()));
    match Layout::create(folder) {
        Ok(layout) if is_sound(&layout) => Ok(layout),
        _ => {
            process::remove_tree(folder).with_context(|| format!("removing {}", folder.display()))?;
            Ok(Layout::create(folder)?)
        }
    }
}

/// Layers by what they were made of, when they are as they were written: the first line is the digest of the
/// rest. Nothing else would notice a wrong `diff_id`.
fn read_intact(text: &str) -> Option<BTreeMap<String, SizedLayer>> {
    let (digest, text) = text.split_once('\n')?;
    let is_intact = hexadecimal(&Sha256::digest(text)) == digest;
    is_intact.then(|| serde_json::from_str(text).ok()).flatten()
}

impl LayerStore {
    /// Opens the store; layers whose blobs are not intact are forgotten.
    pub(super) fn open(layout: Layout, file: PathBuf, compression: Compression, mtime: u64) -> Self {
        let mut known = std::fs::read_to_string(&file).ok().and_then(|text| read_intact(&text)).unwrap_or_default();
        let blobs: Vec<Descriptor> = known.values().map(|known| known.layer.descriptor()).collect();
        if let Err(bad) = verify_blobs(&layout, &blobs) {
            known.retain(|_, known| bad.iter().all(|blob| blob.file != layout.blob(&known.layer.digest)));
            bad.iter().for_each(|blob| drop(std::fs::remove_file(&blob.file)));
        }
        Self { layout, file, known, used: BTreeMap::new(), compression, mtime }
    }

    /// The layer that `key` stands for, when it is there.
    pub(super) fn known(&mut self, key: &str) -> Option<SizedLayer> {
        let key = self.full(key);
        let layer = self.known.get(&key)?.clone();
        self.used.insert(key, layer.clone());
        Some(layer)
    }

    fn full(&self, key: &str) -> String {
        format!("{FORM} {:?} {} {key}", self.compression, self.mtime)
    }

    /// The layer that `key` stands for, made by `files` unless it is there.
    pub(super) fn layer(&mut self, key: &str, files: impl FnOnce() -> Result<LayerFiles>) -> Result<SizedLayer> {
        if let Some(known) = self.known(key) {
            return Ok(known);
        }
        let files = files()?;
        let layer = write_layer(&self.layout, &files, self.compression, self.mtime)?;
        let layer = SizedLayer { layer, bytes: files.bytes() };
        self.used.insert(self.full(key), layer.clone());
        Ok(layer)
    }

    /// The layer with these files, known by their content.
    pub(super) fn by_content(&mut self, files: LayerFiles) -> Result<SizedLayer> {
        let key = content_key(&files)?;
        self.layer(&key, || Ok(files))
    }

    /// Takes a layer of another image as it is.
    pub(super) fn import(&self, layer: &StoredLayer) -> Result<Layer> {
        Ok(self.layout.import(layer)?)
    }

    /// Names the image, and forgets layers that are not in it.
    pub(super) fn write(&self, spec: &ImageSpec, reference: &str) -> Result<ImageDigest> {
        let text = serde_json::to_string(&self.used)?;
        write_atomically(&self.file, format!("{}\n{text}", hexadecimal(&Sha256::digest(&text))).as_bytes())?;
        let digest = write_image(&self.layout, spec, reference)?;
        self.layout.sweep()?;
        Ok(digest)
    }
}

/// The virtual environment of MkDocs, and the link by which the backend finds it.
pub(super) fn techdocs(tree: &Path) -> Result<LayerFiles> {
    let inside = |path: &str| path.trim_start_matches('/').to_owned();
    let mut files = LayerFiles::new();
    files.add_folder(tree, inside(TECHDOCS), Owner::ROOT, |_| true)?;
    let (link, program) = MKDOCS;
    files.add_symlink(inside(link), program, Owner::ROOT)?;
    Ok(files)
}

/// The production dependencies: the `folders` of their tree with installed packages, and the lockfile.
pub(super) fn dependencies(tree: &Path, folders: &[String], plan: &mut PrunePlan) -> Result<LayerFiles> {
    let mut files = LayerFiles::new();
    for folder in folders {
        files.add_folder(&tree.join(folder), format!("app/{folder}"), NODE, plan.filter(folder))?;
    }
    // A megabyte that changes with the dependencies alone.
    let lockfile = tree.join(LOCKFILE);
    let text = std::fs::read(&lockfile).with_context(|| format!("reading {}", lockfile.display()))?;
    files.add_bytes(format!("app/{LOCKFILE}"), text, 0o644, NODE)?;
    Ok(files)
}

/// The production workspace: bundled packages, which change with the frontend, apart from the rest.
pub(super) fn application(repo: &Monorepo, workspace: &Path, plan: &mut PrunePlan) -> Result<[LayerFiles; 2]> {
    let bundles: Vec<PathBuf> = repo.bundles().iter().map(|package| PathBuf::from(&package.folder)).collect();
    let mut frontend = LayerFiles::new();
    for folder in &bundles {
        frontend.add_folder(&workspace.join(folder), Path::new("app").join(folder), NODE, plan.filter(folder))?;
    }
    let mut backend = LayerFiles::new();
    let mut keeps = plan.filter("");
    backend.add_folder(workspace, "app", NODE, |candidate| {
        let is_elsewhere =
            candidate.path == Path::new(LOCKFILE) || bundles.iter().any(|folder| folder == candidate.path);
        !is_elsewhere && keeps(candidate)
    })?;
    Ok([frontend, backend])
}

/// The configuration files, as they were when the repository was read.
pub(super) fn configuration(repo: &Monorepo, recipe: &Recipe) -> Result<LayerFiles> {
    let mut files = LayerFiles::new();
    for path in recipe.image.files.iter().flat_map(|path| repo.tree.under(path)) {
        let (name, file) = path;
        let source = repo.root.join(name);
        let bytes = std::fs::read(&source).with_context(|| format!("reading {}", source.display()))?;
        anyhow::ensure!(
            Sha256::digest(&bytes).as_slice() == file.digest,
            "{} changed while the build was reading it\n  hint: run the build again",
            source.display()
        );
        files.add_bytes(format!("app/{name}"), bytes, if file.executable { 0o755 } else { 0o644 }, NODE)?;
    }
    Ok(files)
}

/// A digest over paths, modes and contents.
fn content_key(files: &LayerFiles) -> Result<String> {
    let mut hash = Sha256::new();
    for (path, entry) in files.iter() {
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path);
        hash.update(format!("{:o} {} {} ", entry.mode, entry.owner.uid, entry.owner.gid));
        match &entry.kind {
            EntryKind::Directory => hash.update("d"),
            EntryKind::Symlink { target } => hash.update(Sha256::digest(target)),
            EntryKind::File { content: Content::Bytes(bytes), .. } => hash.update(Sha256::digest(bytes)),
            EntryKind::File { content: Content::Path(path), .. } => {
                let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
                hash.update(Sha256::digest(&bytes));
            }
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// The production workspace as the archives hold it.
pub(super) fn archives(repo: &Monorepo, workspace: &Path) -> Result<[(&'static str, LayerFiles); 2]> {
    let mut bundle = LayerFiles::new();
    bundle.add_folder(workspace, "", Owner::ROOT, |_| true)?;
    let mut skeleton = LayerFiles::new();
    for package in repo.production_packages() {
        let path = package.manifest_path();
        let file = workspace.join(&path);
        let text = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        skeleton.add_bytes(path, text, 0o644, Owner::ROOT)?;
    }
    Ok([(artifacts::SKELETON, skeleton), (artifacts::BUNDLE, bundle)])
}

/// What the image says of itself.
pub(super) fn spec(
    architecture: Architecture,
    repo: &Monorepo,
    recipe: &Recipe,
    commit: &Commit,
    base: &Base,
    layers: Vec<Layer>,
) -> ImageSpec {
    let created = rfc3339(epoch().or(commit.seconds).unwrap_or_default());
    let version = repo.manifest.raw.get("version").and_then(serde_json::Value::as_str).map(str::to_owned);
    let labels = [
        ("org.opencontainers.image.created", Some(created.clone())),
        ("org.opencontainers.image.revision", commit.revision.clone()),
        ("org.opencontainers.image.source", commit.source.clone()),
        ("org.opencontainers.image.title", repo.manifest.name.clone()),
        ("org.opencontainers.image.version", version),
        ("org.opencontainers.image.base.name", Some(base.name.clone())),
    ];
    let labels: BTreeMap<_, _> =
        labels.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut env = base.config.env.clone();
    env.extend(recipe.image.environment.iter().cloned());
    ImageSpec {
        architecture: architecture.debian().to_owned(),
        created,
        user: recipe.image.user.clone(),
        env,
        entrypoint: base.config.entrypoint.clone(),
        working_dir: recipe.image.working_directory.clone(),
        cmd: recipe.image.command.clone(),
        healthcheck: recipe.image.health_check.as_ref().map(healthcheck),
        exposed_ports: vec![format!("{}/tcp", recipe.image.port)],
        annotations: labels.clone().into_iter().collect(),
        labels: labels.into_iter().collect(),
        layers,
        ..ImageSpec::default()
    }
}

/// In Docker's form and unit.
fn healthcheck(check: &HealthCheck) -> Healthcheck {
    const SECOND: u64 = 1_000_000_000;
    Healthcheck {
        test: std::iter::once("CMD").chain(check.command.iter().map(String::as_str)).map(str::to_owned).collect(),
        interval: u64::from(check.interval) * SECOND,
        timeout: u64::from(check.timeout) * SECOND,
        start_period: u64::from(check.start_period) * SECOND,
        retries: check.retries,
    }
}

/// The time of every file, when the caller fixes it (reproducible-builds.org, `SOURCE_DATE_EPOCH`), in
/// seconds since 1970.
pub(super) fn epoch() -> Option<u64> {
    std::env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()
}
