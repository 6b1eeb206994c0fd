//! Layers of an image, applied one over another (OCI image specification, layer.md).

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use image::Decompressed;
use process::EngineError;
use tar::{Archive, Entry};

use crate::tree::{Existing, Tree, link_of};

/// Begins the name of an entry that removes the entry named after it.
const WHITEOUT: &str = ".wh.";
/// The entry that empties its folder of what lower layers put there.
const OPAQUE: &str = ".wh..wh..opq";

/// Opens a tar archive that may be compressed.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn open(file: &Path) -> Result<Decompressed<File>, EngineError> {
    let opened = File::open(file).and_then(Decompressed::new);
    opened.map_err(EngineError::io(format!("reading {}", file.display())))
}

/// Applies a layer to the tree that the lower ones made.
///
/// # Errors
/// It is no archive, an entry reaches outside, or the disk refused.
pub(crate) fn apply(layer: impl Read, tree: &Tree) -> Result<(), EngineError> {
    let mut archive = Archive::new(layer);
    let mut own = BTreeSet::new();
    for entry in archive.entries().map_err(EngineError::io("reading a layer"))? {
        let mut entry = entry.map_err(EngineError::io("reading a layer"))?;
        let path = entry.path().map_err(EngineError::io("reading a path in a layer"))?.into_owned();
        let removed = path.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_prefix(WHITEOUT));
        let done = match removed {
            None => add(tree, &path, &mut entry, &mut own),
            Some(_) if path.ends_with(OPAQUE) => clear(tree, &path, &own).map_err(at(&path)),
            // What aufs kept for itself.
            Some(name) if name.starts_with(WHITEOUT) => Ok(()),
            Some("" | "." | "..") => Err(at(&path)(std::io::ErrorKind::InvalidData.into())),
            Some(name) => tree.remove(&path.with_file_name(name)).map_err(at(&path)),
        };
        done?;
    }
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> EngineError {
    EngineError::io(format!("unpacking {}", path.display()))
}

fn add<R: Read>(
    tree: &Tree,
    path: &Path,
    entry: &mut Entry<'_, R>,
    own: &mut BTreeSet<PathBuf>,
) -> Result<(), EngineError> {
    let target = link_of(entry)?;
    tree.add(path, entry, target.as_deref(), Existing::Replace)?;
    if let Some((parent, name)) = tree.place(path).map_err(at(path))? {
        own.insert(parent.join(name));
    }
    Ok(())
}

/// Empties the folder of an opaque mark, but for what this layer added before it.
fn clear(tree: &Tree, mark: &Path, own: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    let Some((folder, _)) = tree.place(mark)? else { return Ok(()) };
    for entry in std::fs::read_dir(folder)? {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        let is_own = own.range(path.clone()..).next().is_some_and(|added| added.starts_with(&path));
        match kind.is_dir() {
            _ if is_own => {}
            true => std::fs::remove_dir_all(path)?,
            false => std::fs::remove_file(path)?,
        }
    }
    Ok(())
}
