//! Layers of an image, laid into a folder as the one tree that the reader of images makes of them: links that lead
//! elsewhere, removed files and hidden folders are settled there, so nothing is ever written through a link.

use std::fs::{File, Permissions};
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use image::{FileHead, ImageTree, Node, NodeKind, StoredLayer, read_layers};
use process::{EngineError, fs};

use crate::tree::{MODE, at_time};

/// A tree, each file of which has its bytes somewhere.
pub(crate) type Files = ImageTree<PathBuf>;

/// Lays layers over what is `below` into an empty folder. Files are hard links to where their bytes are: those of
/// one name more in the image, and those below. Gives the tree.
///
/// # Errors
/// A layer is damaged, or the disk refused; then the folder may be filled in part.
pub(crate) fn lay(layers: &[StoredLayer], below: Files, folder: &Path) -> Result<Files, EngineError> {
    let contents = folder.with_extension("contents");
    fs::empty(&contents)?;
    let tree = Contents::new(&contents).read(layers, below);
    let laid = tree.and_then(|tree| fill(folder, &tree).map(|()| tree));
    let removed = fs::remove(&contents);
    let tree = laid?;
    removed.map(|()| tree)
}

/// What was laid into a folder before, and has not changed since; and the `specials`, which were not.
///
/// # Errors
/// The disk refused.
pub(crate) fn laid(folder: &Path, specials: Vec<String>) -> Result<Files, EngineError> {
    let special = |path| (path, Node::new(NodeKind::Special, 0, None));
    let mut nodes: Vec<_> = specials.into_iter().map(special).collect();
    list(folder, "", &mut nodes).map_err(EngineError::io(format!("reading {}", folder.display())))?;
    Ok(nodes.into_iter().collect())
}

fn list(root: &Path, folder: &str, nodes: &mut Vec<(String, Node<PathBuf>)>) -> Result<(), Error> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let (entry, mut path) = (entry?, folder.to_owned());
        if !path.is_empty() {
            path.push('/');
        }
        path += &entry.file_name().to_string_lossy();
        let metadata = entry.metadata()?;
        let (kind, content) = if metadata.is_dir() {
            list(root, &path, nodes)?;
            (NodeKind::Folder, None)
        } else if metadata.is_symlink() {
            (NodeKind::Link(std::fs::read_link(entry.path())?.to_string_lossy().into_owned()), None)
        } else {
            (NodeKind::File(metadata.len()), Some(entry.path()))
        };
        nodes.push((path, Node::new(kind, metadata.permissions().mode() & 0o7777, content)));
    }
    Ok(())
}

/// A folder that files are written to as they come by, under numbers.
struct Contents<'a> {
    folder: &'a Path,
    count: AtomicU64,
    /// Why a file could not be written: that is not the image's fault.
    failed: Mutex<Option<EngineError>>,
}

impl<'a> Contents<'a> {
    fn new(folder: &'a Path) -> Self {
        Self { folder, count: AtomicU64::new(0), failed: Mutex::new(None) }
    }

    fn read(self, layers: &[StoredLayer], below: Files) -> Result<Files, EngineError> {
        let read = read_layers(layers, below, &|head, data| self.keep(head, data).map(Some));
        let failed = self.failed.into_inner().unwrap_or_default();
        read.map_err(|error| failed.unwrap_or_else(|| crate::image_error(error)))
    }

    fn keep(&self, head: FileHead<'_>, data: &mut dyn Read) -> Result<PathBuf, Error> {
        let place = self.folder.join(self.count.fetch_add(1, Ordering::Relaxed).to_string());
        let modified = at_time(head.modified)?;
        let mut source = Watched { source: data, failed: false };
        let written = write(&place, head.mode, &mut source).and_then(|file| file.set_modified(modified));
        if let Err(error) = written {
            if source.failed {
                return Err(error);
            }
            let doing = format!("unpacking {}", head.path);
            if let Ok(mut failed) = self.failed.lock() {
                *failed = Some(EngineError::io(doing)(error));
            }
            return Err(ErrorKind::Other.into());
        }
        Ok(place)
    }
}

fn write(place: &Path, mode: u32, source: &mut impl Read) -> Result<File, Error> {
    let mut file = File::options().write(true).create_new(true).open(place)?;
    std::io::copy(source, &mut file)?;
    file.set_permissions(Permissions::from_mode(mode & MODE | 0o400))?;
    Ok(file)
}

/// Remembers whether it was reading that failed.
struct Watched<'a> {
    source: &'a mut dyn Read,
    failed: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let read = self.source.read(buffer);
        self.failed |= read.as_ref().is_err_and(|error| error.kind() != ErrorKind::Interrupted);
        read
    }
}

/// Makes all of a tree in an empty folder: folders come before what is in them.
fn fill(folder: &Path, tree: &Files) -> Result<(), EngineError> {
    for (path, node) in tree.iter() {
        let parent = path.rsplit_once('/').map(|(parent, _)| tree.get(parent));
        let made = match parent {
            Some(None | Some(Node { kind: NodeKind::File(_) | NodeKind::Link(_) | NodeKind::Special, .. })) => {
                Err(Error::new(ErrorKind::InvalidData, "a file is where a folder must be"))
            }
            _ => make(&folder.join(path), node),
        };
        made.map_err(EngineError::io(format!("unpacking {path}")))?;
    }
    Ok(())
}

fn make(place: &Path, node: &Node<PathBuf>) -> Result<(), Error> {
    match (&node.kind, &node.note) {
        (NodeKind::Folder, _) => {
            std::fs::create_dir(place)?;
            // Its owner must be able to fill and to remove it.
            std::fs::set_permissions(place, Permissions::from_mode(node.mode & MODE | 0o700))
        }
        (NodeKind::File(_), Some(content)) => std::fs::hard_link(content.as_path(), place),
        (NodeKind::Link(target), _) => symlink(target, place),
        // Devices and pipes are made by whatever runs the image.
        (NodeKind::Special, _) | (NodeKind::File(_), None) => Ok(()),
    }
}
