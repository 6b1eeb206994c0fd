//! Finding the packages of an app.

use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::manifest::Package;
use crate::error::ImageError;

/// A folder of the host, and where it lies in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppTree {
    /// The folder of the host.
    pub folder: PathBuf,
    /// Its place relative to the app's root: empty for all of the app, or such as `node_modules`.
    pub target: PathBuf,
}

/// How deep a workspace may lie below the root: `packages/<group>/<name>`.
const WORKSPACE_DEPTH: usize = 3;
const MODULES: &str = "node_modules";

/// The packages of the trees: installed ones and the user's own workspaces.
pub(super) fn packages(trees: &[AppTree]) -> Result<Vec<Package>, ImageError> {
    let mut found = Vec::new();
    for tree in trees {
        if tree.target.ends_with(MODULES) {
            modules(&tree.folder, &tree.target, &mut found)?;
        } else {
            workspaces(&tree.folder, &tree.target, WORKSPACE_DEPTH, &mut found)?;
        }
    }
    Ok(found)
}

/// A folder that may be a workspace or hold some.
fn workspaces(folder: &Path, target: &Path, depth: usize, found: &mut Vec<Package>) -> Result<(), ImageError> {
    found.extend(Package::read(folder, target, true)?);
    for entry in list(folder)? {
        let name = entry.file_name();
        let (inner, target) = (entry.path(), target.join(&name));
        if !is_folder(&entry) || name.to_string_lossy().starts_with('.') || name == "dist" {
            continue;
        }
        if name == MODULES {
            modules(&inner, &target, found)?;
        } else if depth > 0 {
            workspaces(&inner, &target, depth - 1, found)?;
        }
    }
    Ok(())
}

/// The packages in a `node_modules`, and in those below them. Links lead to workspaces: not followed.
fn modules(folder: &Path, target: &Path, found: &mut Vec<Package>) -> Result<(), ImageError> {
    for entry in list(folder)?.iter().filter(|entry| is_folder(entry)) {
        let name = entry.file_name();
        let (inner, target) = (entry.path(), target.join(&name));
        let name = name.to_string_lossy();
        if name.starts_with('@') {
            modules(&inner, &target, found)?;
        } else if !name.starts_with('.') {
            found.extend(Package::read(&inner, &target, false)?);
            modules(&inner.join(MODULES), &target.join(MODULES), found)?;
        }
    }
    Ok(())
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// What a folder holds; nothing when there is none.
pub(super) fn list(folder: &Path) -> Result<Vec<DirEntry>, ImageError> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => {
            let entries = entries.and_then(Iterator::collect::<Result<Vec<_>, _>>);
            entries.map_err(ImageError::io("reading the folder", folder))
        }
    }
}
