//! Links that lead outside the folder that an archive is unpacked to.

use std::collections::BTreeMap;

use monorepo::Finding;

use crate::archive::Archive;
use crate::checks::Context;
use crate::codes::{At, UNSAFE_LINK};
use crate::entry::{Entry, Kind, normal_path};

/// Links followed one after the other before they count as a circle, as in Linux.
const MOST_LINKS: usize = 40;

/// Links that leave the root, and hard links to nothing.
pub(crate) fn unsafe_links(context: &Context<'_>) -> Vec<Finding> {
    context.archives().into_iter().flat_map(of_archive).collect()
}

fn of_archive(archive: &Archive) -> Vec<Finding> {
    let Some(content) = archive.seen() else { return Vec::new() };
    let symbolic = content.entries.iter().filter_map(|entry| match &entry.kind {
        Kind::SymbolicLink(target) => Some((entry.path.as_str(), target.as_str())),
        _ => None,
    });
    let symbolic: BTreeMap<&str, &str> = symbolic.collect();
    let judge = |entry: &Entry| {
        let found = match &entry.kind {
            Kind::HardLink(target) if !content.has_file(&normal_path(target)) => {
                format!("a hard link to {target}, which is not in the archive")
            }
            Kind::HardLink(target) if !stays_inside(&symbolic, "", target) => format!("a hard link to {target}"),
            Kind::SymbolicLink(target) if !stays_inside(&symbolic, folder_of(&entry.path), target) => {
                format!("a symbolic link to {target}")
            }
            _ => return None,
        };
        let next =
            "replace the link by a file or a relative link inside its package, then run `cargo xtask build-image`";
        let at = At::entry(archive.name, &entry.name);
        Some(UNSAFE_LINK.finding(at, "a link to something below the archive's root", &found, next))
    };
    content.entries.iter().filter_map(judge).collect()
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether `target`, seen from `folder`, stays below the root, through whatever links of the archive
/// it goes.
fn stays_inside(links: &BTreeMap<&str, &str>, folder: &str, target: &str) -> bool {
    let mut place: Vec<&str> = parts(folder).collect();
    let mut todo: Vec<&str> = Vec::new();
    let mut follow = Some(target);
    let mut followed = 0;
    while let Some(target) = follow.take() {
        if target.starts_with('/') || followed > MOST_LINKS {
            return false;
        }
        followed += 1;
        let ahead: Vec<&str> = parts(target).collect();
        todo.extend(ahead.into_iter().rev());
        while let Some(part) = todo.pop() {
            if part == ".." {
                if place.pop().is_none() {
                    return false;
                }
                continue;
            }
            place.push(part);
            if let Some(next) = links.get(place.join("/").as_str()) {
                place.pop();
                follow = Some(next);
                break;
            }
        }
    }
    true
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(links: &[(&'static str, &'static str)], folder: &str, target: &str) -> bool {
        stays_inside(&links.iter().copied().collect(), folder, target)
    }

    #[test]
    fn relative_targets_below_the_root_are_fine() {
        assert!(inside(&[], "packages/a/dist", "../lib/x.js"));
        assert!(inside(&[], "packages/a", "../.."));
        assert!(inside(&[("a/b", "../c")], "", "a/b/d"));
    }

    #[test]
    fn targets_outside_are_not() {
        assert!(!inside(&[], "packages/a", "../../.."));
        assert!(!inside(&[], "", "/etc/passwd"));
    }

    #[test]
    fn a_link_on_the_way_counts() {
        // Read as text, `deep/up/..` would be `deep`; followed, it is above the root.
        assert!(!inside(&[("deep/up", "..")], "deep", "up/.."));
        assert!(!inside(&[("a", "b"), ("b", "a")], "", "a"), "a circle leads nowhere");
    }
}
