//! Layers over one another (OCI image specification, layer.md, "Applying Changesets").

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::entry::{Head, MemberKind};
use super::layer::Entries;
use super::limits;
use super::tree::{ImageTree, Node, NodeKind};

/// Begins the name of an entry that removes the entry named after it.
const WHITEOUT: &str = ".wh.";
/// The entry that empties its folder of what lower layers put there.
const OPAQUE: &str = ".wh..wh..opq";

/// The layers, the lowest first, laid over a tree; nothing when their links are a maze that takes too long to walk.
pub(super) fn merge<T>(mut tree: ImageTree<T>, layers: Vec<Entries<T>>) -> Option<ImageTree<T>> {
    for layer in layers {
        // What a layer removes is of the layers below, wherever in it the mark stands.
        let (marks, entries): (Vec<_>, Vec<_>) = layer.into_iter().partition(|(head, _)| mark(&head.path).is_some());
        for (head, _) in marks {
            tree.remove_marked(&head.path);
        }
        let mut parent = Parent::default();
        for (head, note) in entries {
            tree.add(&head, note, &mut parent);
        }
    }
    (tree.steps.load(Ordering::Relaxed) <= limits::STEPS).then_some(tree)
}

/// The folder and the name that a whiteout's path names.
fn mark(path: &str) -> Option<(&str, &str)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.starts_with(WHITEOUT).then_some((folder, name))
}

/// The last folder that an entry was put into: most entries follow one in the same folder.
#[derive(Default)]
struct Parent {
    written: String,
    real: String,
}

impl<T> ImageTree<T> {
    fn remove_marked(&mut self, path: &str) {
        let Some((folder, name)) = mark(path) else { return };
        let Some(folder) = self.walk("", folder, true) else { return };
        if name == OPAQUE {
            self.remove_under(&folder);
        } else if let Some(name) = name.strip_prefix(WHITEOUT).filter(|name| !name.starts_with(WHITEOUT)) {
            self.remove(&joined(&folder, name));
        }
    }

    fn add(&mut self, head: &Head, note: Option<T>, parent: &mut Parent) {
        let (folder, name) = head.path.rsplit_once('/').unwrap_or(("", &head.path));
        if name.is_empty() {
            return;
        }
        if parent.written != folder || folder.is_empty() {
            let Some(real) = self.walk("", folder, true) else { return };
            self.add_folders(&real);
            *parent = Parent { written: folder.to_owned(), real };
        }
        let path = joined(&parent.real, name);
        let Some(node) = self.node(head, note) else { return };
        let was_folder = matches!(self.nodes.get(&path), Some(Node { kind: NodeKind::Folder, .. }));
        if was_folder && node.kind == NodeKind::Folder {
            self.nodes.insert(path, node);
            return;
        }
        if was_folder || matches!(node.kind, NodeKind::Link(_)) {
            // It may be the folder that is remembered, or on the way there.
            *parent = Parent::default();
        }
        self.remove(&path);
        self.nodes.insert(path, node);
    }

    fn node(&self, head: &Head, note: Option<T>) -> Option<Node<T>> {
        let kind = match &head.kind {
            MemberKind::HardLink(target) => {
                let target = self.walk("", target, false)?;
                let target = self.nodes.get(&target)?;
                return Some(Node { is_hard_link: true, ..target.clone() });
            }
            MemberKind::Folder => NodeKind::Folder,
            MemberKind::File(size) => NodeKind::File(*size),
            MemberKind::SymbolicLink(target) => NodeKind::Link(target.clone()),
            MemberKind::Special => NodeKind::Special,
        };
        Some(Node {
            kind,
            mode: head.mode,
            uid: head.uid,
            gid: head.gid,
            is_hard_link: false,
            has_capabilities: head.has_capabilities,
            note: note.map(Arc::new),
        })
    }

    /// Folders that no layer has an entry for; engines make them so.
    fn add_folders(&mut self, folder: &str) {
        let ends = folder.match_indices('/').map(|(end, _)| end).chain([folder.len()]);
        for path in ends.map(|end| &folder[..end]).filter(|path| !path.is_empty()) {
            if !matches!(self.nodes.get(path), Some(Node { kind: NodeKind::Folder, .. })) {
                self.remove(path);
                self.nodes.insert(path.to_owned(), Node::new(NodeKind::Folder, 0o755, None));
            }
        }
    }

    fn remove(&mut self, path: &str) {
        if let Some(node) = self.nodes.remove(path) {
            if node.kind == NodeKind::Folder {
                self.remove_under(path);
            }
            self.hidden.extend(node.note.map(|note| (path.to_owned(), note)));
        }
    }

    fn remove_under(&mut self, folder: &str) {
        let paths: Vec<String> = self.under(folder).map(|(path, _)| path.to_owned()).collect();
        for path in paths {
            if let Some(note) = self.nodes.remove(&path).and_then(|node| node.note) {
                self.hidden.push((path, note));
            }
        }
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(path: &str, kind: MemberKind) -> (Head, Option<()>) {
        let head = Head { path: path.to_owned(), kind, mode: 0o755, uid: 0, gid: 0, has_capabilities: false };
        (head, None)
    }

    #[test]
    fn what_takes_a_folders_place_has_nothing_in_it() {
        let entries =
            vec![head("d/x", MemberKind::Folder), head("d", MemberKind::File(1)), head("d/y", MemberKind::File(2))];
        let tree = merge(ImageTree::default(), vec![entries]).unwrap();
        let found: Vec<_> = tree.iter().map(|(path, node)| (path, node.is_file())).collect();
        assert_eq!(found, [("d", false), ("d/y", true)]);
    }

    #[test]
    fn a_maze_of_links_is_given_up() {
        let way = "../".repeat(1300);
        let maze = |walks: usize| {
            let link = |number: usize| MemberKind::SymbolicLink(format!("{way}{}", number + 1));
            let links = (0..39).map(|number| head(&number.to_string(), link(number)));
            // A link makes the folder that is remembered be looked for again.
            let entries = (0..walks)
                .flat_map(|_| [head("l", MemberKind::SymbolicLink(String::new())), head("0/x", MemberKind::File(0))]);
            merge(ImageTree::default(), vec![links.chain(entries).collect::<Entries<()>>()])
        };
        assert!(maze(10).is_some());
        assert!(maze(100).is_none());
    }
}
