//! What a user may read and write whom the image does not know, in group 0: so do platforms start containers
//! that choose the user themselves (OpenShift's "arbitrary user ID").

use std::collections::BTreeSet;

use diagnostics::{Finding, few};

use crate::codes::{NO_TMP, UNREADABLE};
use crate::read::{Node, NodeKind};
use crate::verify::context::{Context, FindingText};
use crate::verify::notes::Note;

const READ: u32 = 4;
const WRITE: u32 = 2;
const EXECUTE: u32 = 1;

/// Whether such a user has all these rights.
fn may(node: &Node<Note>, rights: u32) -> bool {
    let mode = if node.gid == 0 { node.mode >> 3 } else { node.mode };
    mode & rights == rights
}

/// Files of the app and Node, with the folders on the way.
pub(crate) fn closed(context: &Context<'_>) -> Vec<Finding> {
    let folder = context.folder();
    if folder.is_empty() {
        return Vec::new();
    }
    let nodes = context.nodes();
    let programs: Vec<&str> = nodes.iter().map(|program| program.path).collect();
    let mut folders: BTreeSet<&str> = above(folder).collect();
    folders.insert(folder);
    folders.extend(programs.iter().flat_map(|path| above(path)));
    let on_the_way = folders.into_iter().filter_map(|path| Some((path, context.tree.get(path)?, EXECUTE)));
    let programs = programs.iter().filter_map(|path| Some((*path, context.tree.get(path)?, EXECUTE)));
    let inside = context.tree.under(folder).filter_map(|(path, node)| match node.kind {
        NodeKind::File(_) => Some((path, node, READ)),
        NodeKind::Folder => Some((path, node, READ | EXECUTE)),
        NodeKind::Link(_) | NodeKind::Special => None,
    });
    let all = on_the_way.chain(programs).chain(inside);
    let closed: Vec<_> = all.filter(|(_, node, rights)| !may(node, *rights)).collect();
    let Some((first, node, _)) = closed.first() else { return Vec::new() };
    let mut others: Vec<String> = closed.iter().skip(1).map(|(path, ..)| (*path).to_owned()).collect();
    others.dedup();
    let mut found = format!("mode {:04o}, owner {}:{}", node.mode, node.uid, node.gid);
    if !others.is_empty() {
        found += &format!("; and so {}", few(&others));
    }
    let expected = "files that every user in the group 0 may read, in folders that he may enter";
    let next = "open them in the Dockerfile: `COPY --chmod=u=rwX,g=rX,o=rX`, or the group 0 and `chmod -R g=u`";
    vec![context.finding(UNREADABLE, Some(first), FindingText { expected, found: &found, next })]
}

/// The folders above a path.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// A folder for temporary files.
pub(crate) fn tmp(context: &Context<'_>) -> Vec<Finding> {
    let found = match context.tree.resolve("", "tmp") {
        None => "no such folder".to_owned(),
        Some((_, node)) if node.kind == NodeKind::Folder && may(node, READ | WRITE | EXECUTE) => return Vec::new(),
        Some((_, node)) if node.kind == NodeKind::Folder => {
            format!("mode {:04o}, owner {}:{}", node.mode, node.uid, node.gid)
        }
        Some(_) => "something that is no folder".to_owned(),
    };
    let next = "add `RUN mkdir -p /tmp && chmod 1777 /tmp` to the Dockerfile";
    let text = FindingText { expected: "a folder that every user may write to, mode 1777", found: &found, next };
    vec![context.finding(NO_TMP, Some("tmp"), text)]
}
