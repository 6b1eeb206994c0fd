//! Links that lead outside the folder that an archive is unpacked to.

use std::collections::BTreeMap;

use diagnostics::{At, Finding, FindingText};

use crate::archive::Archive;
use crate::checks::Context;
use crate::codes::UNSAFE_LINK;
use crate::entry::{Entry, EntryKind, join, normal_path};

/// Links followed one after the other before they count as a circle, as in Linux.
const MOST_LINKS: usize = 40;

/// Parts of paths that are looked at in one archive. A usual bundle has no link at all; this many
/// are a maze made to keep its reader busy.
const MOST_STEPS: usize = 1_000_000;

/// Links that leave the root, and hard links to nothing.
pub(crate) fn unsafe_links(context: &Context<'_>) -> Vec<Finding> {
    context.archives().into_iter().flat_map(of_archive).collect()
}

fn of_archive(archive: &Archive) -> Vec<Finding> {
    let Some(content) = archive.seen() else { return Vec::new() };
    let mut maze = LinkResolver::new(content.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::SymbolicLink(target) => Some((entry.path.as_str(), target.as_str())),
        _ => None,
    }));
    let judge =
        |entry: &Entry| {
            let found = match &entry.kind {
                EntryKind::HardLink(target) if !content.has_file(&normal_path(target)) => {
                    format!("a hard link to {target}, which is not in the archive")
                }
                EntryKind::HardLink(target) if !maze.stays_inside("", target) => format!("a hard link to {target}"),
                EntryKind::SymbolicLink(target) if !maze.stays_inside(folder_of(&entry.path), target) => {
                    format!("a symbolic link to {target}")
                }
                _ => return None,
            };
            let next =
                "replace the link by a file or a relative link inside its package, then run `cargo xtask build-image`";
            let at = At::entry(archive.name, &entry.name);
            Some(UNSAFE_LINK.finding(
                at,
                FindingText { expected: "a link to something below the archive's root", found: &found, next },
            ))
        };
    content.entries.iter().filter_map(judge).collect()
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The symbolic links of an archive, to be followed.
struct LinkResolver<'a> {
    links: BTreeMap<&'a str, &'a str>,
    steps: usize,
}

impl<'a> LinkResolver<'a> {
    fn new(links: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self { links: links.into_iter().collect(), steps: 0 }
    }

    /// Whether `target`, seen from `folder`, stays below the root, through whatever links of the
    /// archive it goes.
    fn stays_inside(&mut self, folder: &str, target: &str) -> bool {
        if target.starts_with('/') {
            return false;
        }
        let mut place = normal_path(folder);
        let mut todo: Vec<&str> = parts(target).rev().collect();
        let mut followed = 0;
        while let Some(part) = todo.pop() {
            self.steps += 1;
            if self.steps > MOST_STEPS || followed > MOST_LINKS || (part == ".." && place.is_empty()) {
                return false;
            }
            if part == ".." {
                place.truncate(folder_of(&place).len());
                continue;
            }
            let before = place.len();
            place = join(place, part);
            if let Some(next) = self.links.get(place.as_str()) {
                if next.starts_with('/') {
                    return false;
                }
                place.truncate(before);
                todo.extend(parts(next).rev());
                followed += 1;
            }
        }
        true
    }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inside(links: &[(&'static str, &'static str)], folder: &str, target: &str) -> bool {
        LinkResolver::new(links.iter().copied()).stays_inside(folder, target)
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
        assert!(!inside(&[("a", "/etc")], "", "a/x"));
    }

    #[test]
    fn a_maze_ends() {
        let mut maze = LinkResolver::new([("a", "a/a/a/a/a/a/a/a")]);
        maze.steps = MOST_STEPS - 3;
        assert!(!maze.stays_inside("", "b/c/d/e"));
        assert!(!maze.stays_inside("", "b"), "and stays so");
    }

    type Links = BTreeMap<String, String>;

    /// Goes from a place along a path as Linux does, one call for each link; nothing above the root.
    fn follow(links: &Links, mut place: Vec<String>, path: &str, followed: &mut usize) -> Option<Vec<String>> {
        for part in parts(path) {
            if *followed > MOST_LINKS {
                return None;
            }
            if part == ".." {
                place.pop()?;
                continue;
            }
            let folder = place.clone();
            place.push(part.to_owned());
            if let Some(target) = links.get(&place.join("/")).filter(|target| !target.starts_with('/')) {
                *followed += 1;
                place = follow(links, folder, target, followed)?;
            } else if links.contains_key(&place.join("/")) {
                return None;
            }
        }
        Some(place)
    }

    fn path() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec!["a", "b", "c", "..", ".", ""]);
        prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn links_lead_where_linux_follows_them(
            links in prop::collection::btree_map(path().prop_map(|path| normal_path(&path)), path(), 0..4),
            folder in path(),
            target in path(),
        ) {
            let folder = normal_path(&folder).replace("..", "d");
            let start = parts(&folder).map(str::to_owned).collect();
            let expected = !target.starts_with('/') && follow(&links, start, &target, &mut 0).is_some();
            let mut maze = LinkResolver::new(links.iter().map(|(path, target)| (path.as_str(), target.as_str())));
            prop_assert_eq!(maze.stays_inside(&folder, &target), expected);
        }
    }
}
