//! The files of an image as a container sees them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::limits;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A folder.
    Folder,
    /// A file of so many bytes.
    File(u64),
    /// A symbolic link, with its target as written.
    Link(String),
    /// A device or a pipe.
    Special,
}

/// Something in the tree.
#[derive(Debug)]
pub struct Node<T> {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u32,
    /// Number of its owner.
    pub uid: u64,
    /// Number of its group.
    pub gid: u64,
    /// Whether it is one more name of a file that is counted elsewhere.
    pub is_hard_link: bool,
    /// Whether it has capabilities of Linux (`security.capability`).
    pub has_capabilities: bool,
    /// What was remembered of its content.
    pub note: Option<Arc<T>>,
}

impl<T> Node<T> {
    /// Something of root's, with what is remembered of it.
    pub fn new(kind: NodeKind, mode: u32, note: Option<T>) -> Self {
        let (uid, gid, is_hard_link, has_capabilities) = (0, 0, false, false);
        Self { kind, mode, uid, gid, is_hard_link, has_capabilities, note: note.map(Arc::new) }
    }

    /// Bytes it adds to the image.
    pub fn bytes(&self) -> u64 {
        match self.kind {
            NodeKind::File(size) if !self.is_hard_link => size,
            _ => 0,
        }
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, NodeKind::File(_))
    }
}

impl<T> Clone for Node<T> {
    fn clone(&self) -> Self {
        Self { kind: self.kind.clone(), note: self.note.clone(), ..*self }
    }
}

/// All layers applied one over the other. Paths have no slash at either end; the root is not in it.
#[derive(Debug)]
pub struct ImageTree<T> {
    pub(super) nodes: BTreeMap<String, Node<T>>,
    /// What was remembered of files that a later layer removed or replaced: who pulls the image has them.
    pub(super) hidden: Vec<(String, Arc<T>)>,
    /// Names that were walked so far.
    pub(super) steps: AtomicU64,
}

impl<T> Default for ImageTree<T> {
    fn default() -> Self {
        Self::from_iter([])
    }
}

/// By path, without a slash at either end; every folder on the way must be among them.
impl<T> FromIterator<(String, Node<T>)> for ImageTree<T> {
    fn from_iter<I: IntoIterator<Item = (String, Node<T>)>>(nodes: I) -> Self {
        Self { nodes: nodes.into_iter().collect(), hidden: Vec::new(), steps: AtomicU64::new(0) }
    }
}

impl<T> ImageTree<T> {
    /// Everything by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node<T>)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// The files by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Node<T>)> {
        self.iter().filter(|(_, node)| node.is_file())
    }

    /// What has exactly this path; links on the way are not followed.
    pub fn get(&self, path: &str) -> Option<&Node<T>> {
        self.nodes.get(path)
    }

    /// What is below a folder, which is not followed if it is a link.
    pub fn under(&self, folder: &str) -> impl Iterator<Item = (&str, &Node<T>)> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.nodes.range(prefix.clone()..);
        from.take_while(move |(path, _)| path.starts_with(&prefix)).map(|(path, node)| (path.as_str(), node))
    }

    /// What was remembered of files that are no longer in the tree, but still in a layer.
    pub fn hidden(&self) -> impl Iterator<Item = (&str, &T)> {
        self.hidden.iter().map(|(path, note)| (path.as_str(), note.as_ref()))
    }

    /// What a path means inside the image: links are followed, and none leads out. `from` is the folder that
    /// a relative path counts from.
    pub fn resolve(&self, from: &str, path: &str) -> Option<(&str, &Node<T>)> {
        let place = self.walk(from, path, true)?;
        self.nodes.get_key_value(&place).map(|(path, node)| (path.as_str(), node))
    }

    /// The path without links on the way; with `follows_last`, without one at its end, too. Parts that are not
    /// there are taken as they are. Nothing when the links never end, or are a maze.
    pub(super) fn walk(&self, from: &str, path: &str, follows_last: bool) -> Option<String> {
        let mut place = if path.starts_with('/') { String::new() } else { from.trim_matches('/').to_owned() };
        let mut todo: Vec<String> = parts(path).rev().map(str::to_owned).collect();
        let mut links = 0;
        while let Some(part) = todo.pop() {
            if self.steps.fetch_add(1, Ordering::Relaxed) > limits::STEPS {
                return None;
            }
            if part == ".." {
                place.truncate(place.rfind('/').unwrap_or_default());
                continue;
            }
            let before = place.len();
            if !place.is_empty() {
                place.push('/');
            }
            place.push_str(&part);
            let Some(Node { kind: NodeKind::Link(target), .. }) = self.nodes.get(&place) else { continue };
            if todo.is_empty() && !follows_last {
                continue;
            }
            links += 1;
            if links > limits::LINKS {
                return None;
            }
            place.truncate(if target.starts_with('/') { 0 } else { before });
            todo.extend(parts(target).rev().map(str::to_owned));
        }
        Some(place)
    }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}
