//! Entries that must not be unpacked.

use std::collections::BTreeSet;

use diagnostics::{At, Finding, FindingKind, FindingText};

use crate::archive::Archive;
use crate::checks::{Context, REBUILD};
use crate::codes::{DUPLICATE, SETUID, SPECIAL, UNSAFE_PATH};
use crate::entry::{Entry, EntryKind};

const NOT_OURS: &str =
    "do not unpack it; run `cargo xtask build-image`, and find out what wrote this entry if it comes back";

/// Applies `judge` to every entry of both archives, those of unfinished readings included.
fn each(
    context: &Context<'_>,
    code: FindingKind,
    expected: &str,
    next: &str,
    judge: impl Fn(&Archive, &Entry) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for archive in context.archives() {
        let entries = archive.seen().into_iter().flat_map(|content| &content.entries);
        findings.extend(entries.filter_map(|entry| {
            let found = judge(archive, entry)?;
            Some(code.finding(At::entry(archive.name, &entry.name), FindingText { expected, found: &found, next }))
        }));
    }
    findings
}

/// Absolute paths, paths with `..`, and paths that go through a link.
pub(crate) fn unsafe_paths(context: &Context<'_>) -> Vec<Finding> {
    let links: Vec<(&str, BTreeSet<&str>)> =
        context.archives().into_iter().map(|archive| (archive.name, links(archive))).collect();
    each(context, UNSAFE_PATH, "a relative path that stays below the root", NOT_OURS, |archive, entry| {
        let links = links.iter().find(|(name, _)| *name == archive.name).map(|(_, links)| links)?;
        if entry.name.starts_with('/') {
            Some("an absolute path".to_owned())
        } else if entry.path.split('/').any(|part| part == "..") {
            Some("a path with `..`".to_owned())
        } else if entry.name.contains('\0') {
            Some("a path with a NUL character, which some readers cut there".to_owned())
        } else if entry.path.is_empty() && entry.kind != EntryKind::Folder {
            Some("a path that names the root itself".to_owned())
        } else {
            parents(&entry.path)
                .find(|parent| links.contains(parent))
                .map(|parent| format!("a path through the link {parent}"))
        }
    })
}

fn links(archive: &Archive) -> BTreeSet<&str> {
    let entries = archive.seen().into_iter().flat_map(|content| &content.entries);
    entries.filter(|entry| entry.link_target().is_some()).map(|entry| entry.path.as_str()).collect()
}

fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// Devices, pipes and other things no build makes.
pub(crate) fn special(context: &Context<'_>) -> Vec<Finding> {
    each(context, SPECIAL, "a file, a folder or a link", NOT_OURS, |_, entry| match &entry.kind {
        EntryKind::Special(what) => Some(what.clone()),
        EntryKind::File | EntryKind::Folder | EntryKind::HardLink(_) | EntryKind::SymbolicLink(_) => None,
    })
}

/// Files that run with their owner's rights; unpacked as root, with root's.
pub(crate) fn setuid(context: &Context<'_>) -> Vec<Finding> {
    each(context, SETUID, "a mode without setuid and setgid", NOT_OURS, |_, entry| {
        (entry.mode & 0o6000 != 0).then(|| format!("mode {:04o}", entry.mode))
    })
}

/// Paths that occur twice: which one is unpacked last is the order's accident. Folders may repeat.
pub(crate) fn duplicates(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for archive in context.archives() {
        let sorted: Vec<&Entry> = archive.seen().into_iter().flat_map(|content| content.sorted()).collect();
        for same in sorted.chunk_by(|a, b| a.path == b.path) {
            if same.len() > 1 && same.iter().any(|entry| entry.kind != EntryKind::Folder) {
                let found = format!("{} entries with it", same.len());
                let at = At::entry(archive.name, &same[0].path);
                findings.push(
                    DUPLICATE.finding(
                        at,
                        FindingText { expected: "one entry with this path", found: &found, next: REBUILD },
                    ),
                );
            }
        }
    }
    findings
}
