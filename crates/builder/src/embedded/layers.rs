//! The files of the image's layers and of the archives, from folders that the steps left.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use diagnostics::{Failed, Message};
use image::{LayerFiles, Owner, prune::PrunePlan};
use monorepo::{LOCKFILE, Monorepo};
use recipe::{ImageProgram, Recipe};
use sha2::{Digest, Sha256};

/// Whom the application's files belong to.
const NODE: Owner = Owner { uid: 1000, gid: 1000 };

/// A program that a step left in its work tree, and the links by which the backend finds it.
pub(crate) fn program(tree: &Path, program: &ImageProgram) -> Result<LayerFiles> {
    let inside = |path: &str| path.trim_start_matches('/').to_owned();
    let mut files = LayerFiles::new();
    files.add_folder(tree, inside(&program.folder), Owner::ROOT, |_| true)?;
    for (link, to) in &program.links {
        files.add_symlink(inside(link), to, Owner::ROOT)?;
    }
    Ok(files)
}

/// The production dependencies: the `folders` of their tree with installed packages, and the lockfile.
pub(crate) fn dependencies(tree: &Path, folders: &[String], plan: &mut PrunePlan) -> Result<LayerFiles> {
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
pub(crate) fn application(repo: &Monorepo, workspace: &Path, plan: &mut PrunePlan) -> Result<[LayerFiles; 2]> {
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
pub(crate) fn configuration(repo: &Monorepo, recipe: &Recipe) -> Result<LayerFiles> {
    let mut files = LayerFiles::new();
    for path in recipe.image.files.iter().flat_map(|path| repo.tree.under(path)) {
        let (name, file) = path;
        let source = repo.root.join(name);
        let bytes = std::fs::read(&source).with_context(|| format!("reading {}", source.display()))?;
        if Sha256::digest(&bytes).as_slice() != file.digest {
            let text = format!("{} changed while the build was reading it", source.display());
            return Err(Failed::new(Message::new(text).hint("run the build again")).into());
        }
        files.add_bytes(format!("app/{name}"), bytes, if file.executable { 0o755 } else { 0o644 }, NODE)?;
    }
    Ok(files)
}

/// The production workspace as the archives hold it.
pub(crate) fn archives(repo: &Monorepo, workspace: &Path) -> Result<[(&'static str, LayerFiles); 2]> {
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
