//! Comparing the sources in a bundle's maps with those of the repository.
//!
//! Silent wherever it cannot be sure: about what a build may generate, about files outside the repository and
//! about packages that are not built by the Backstage CLI alone.

use std::collections::BTreeMap;

use monorepo::{Monorepo, TreeFile, Workspace};
use sha2::{Digest, Sha256};

use crate::entry::join;
use crate::source_map::{self, Reader};

/// Ends of the maps that are looked at: those of scripts.
const MAPS: &[&str] = &[".js.map", ".cjs.map", ".mjs.map"];
/// Ends of sources that a bundler reads as they are; others, such as images, it makes into scripts first.
const SCRIPTS: &[&str] = &["ts", "tsx", "js", "jsx", "mts", "cts", "mjs", "cjs"];
/// Marks of a name that stands for more than a file: loaders, queries, virtual modules, other systems.
const NOT_PLAIN: &[char] = &['?', '|', '!', '\\', '%', ':', '\0'];
/// Stale sources that are remembered of one archive, and the longest path of one.
const MOST_STALE: usize = 10_000;
const LONGEST_PATH: usize = 1024;
/// The longest text that is compared; it is held in memory in several forms.
const LONGEST_TEXT: usize = 1 << 20;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// How a source differs from the repository's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The repository has another text.
    Text,
    /// The repository has no such file.
    Gone,
}

/// Where a source that differs was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stale {
    /// The map that holds it.
    pub(crate) map: String,
    pub(crate) difference: Difference,
}

/// Sources that differ, by package and path.
#[derive(Debug, Default)]
pub(crate) struct StaleSources {
    by_package: BTreeMap<String, BTreeMap<String, Stale>>,
    count: usize,
}

impl StaleSources {
    /// Those of each package that has some.
    pub(crate) fn packages(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, Stale>)> {
        self.by_package.iter().map(|(package, sources)| (package.as_str(), sources))
    }

    fn add(&mut self, package: &str, path: String, stale: Stale) {
        let sources = self.by_package.entry(package.to_owned()).or_default();
        if self.count < MOST_STALE && !sources.contains_key(&path) {
            sources.insert(path, stale);
            self.count += 1;
        }
    }
}

/// The sources of a repository.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    repo: &'a Monorepo,
    packages: Vec<&'a Workspace>,
}

impl<'a> Sources<'a> {
    /// For the maps of the production packages.
    pub(crate) fn new(repo: &'a Monorepo) -> Self {
        let packages = repo.production_packages().into_iter();
        Self { repo, packages: packages.filter(|package| !package.has_custom_build()).collect() }
    }

    /// Whether this is the map of a script that the Backstage CLI made.
    pub(crate) fn are_in(&self, entry: &str) -> bool {
        self.package_of(entry).is_some()
    }

    fn package_of(&self, entry: &str) -> Option<&'a Workspace> {
        let is_output = |folder: &str| entry.strip_prefix(folder).is_some_and(|rest| rest.starts_with("/dist/"));
        let is_map = MAPS.iter().any(|end| entry.ends_with(end));
        self.packages.iter().find(|package| is_map && is_output(&package.folder)).copied()
    }

    /// Adds what differs in the map at the path `entry`.
    pub(crate) fn compare(&self, entry: &str, map: &[u8], found: &mut StaleSources) {
        let Some(package) = self.package_of(entry) else { return };
        for (path, difference) in source_map::read(map, &SourceMapEntry { sources: self, package, entry }) {
            found.add(&package.name, path, Stale { map: entry.to_owned(), difference });
        }
    }

    /// Whether a source at this path may be made by a build.
    fn may_be_generated(&self, path: &str) -> bool {
        let holds = |package: &&Workspace| path.strip_prefix(&package.folder).is_some_and(|rest| rest.starts_with('/'));
        let owner = self.repo.workspaces.iter().filter(holds).max_by_key(|package| package.folder.len());
        owner.is_some_and(Workspace::has_custom_build)
    }

    /// Whether a file at this path is one the repository should have.
    fn should_exist(&self, path: &str) -> bool {
        // What leads through a file leads through a link.
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        !folders.any(|folder| self.repo.tree.get(folder).is_some()) && !self.repo.may_leave_out(path)
    }
}

/// The sources of one map.
struct SourceMapEntry<'a> {
    sources: &'a Sources<'a>,
    package: &'a Workspace,
    entry: &'a str,
}

impl Reader for SourceMapEntry<'_> {
    type Kept = (String, Difference);

    fn path(&self, name: &str) -> Option<String> {
        let path = path(self.package, self.entry, name)?;
        let is_plain = match self.sources.repo.tree.get(&path) {
            Some(file) => !file.is_link,
            None => self.sources.should_exist(&path),
        };
        (is_plain && !self.sources.may_be_generated(&path)).then_some(path)
    }

    fn read(&self, path: String, text: &str) -> Option<Self::Kept> {
        let difference = match self.sources.repo.tree.get(&path) {
            Some(file) if is_text_of(file, text) => return None,
            Some(_) => Difference::Text,
            None => Difference::Gone,
        };
        Some((path, difference))
    }
}

/// The path in the repository that a map at `entry` of `package` calls `name`; rspack and webpack count from the
/// package's folder, rollup from the map's.
fn path(package: &Workspace, entry: &str, name: &str) -> Option<String> {
    let bundled = name.strip_prefix("webpack://").and_then(|rest| rest.strip_prefix(&package.name)?.strip_prefix('/'));
    let (base, name) = match bundled {
        Some(name) if name.starts_with("./") || name.starts_with("../") => (package.folder.as_str(), name),
        Some(_) => return None,
        None => (entry.rsplit_once('/')?.0, name),
    };
    let is_script = name.rsplit_once('.').is_some_and(|(_, end)| SCRIPTS.contains(&end));
    let is_installed = name.split('/').any(|part| part == "node_modules");
    if !is_script || is_installed || name.len() > LONGEST_PATH || name.starts_with('/') || name.contains(NOT_PLAIN) {
        return None;
    }
    below_root(base, name)
}

/// `name` as seen from the folder `base`; `None` when it leaves the root.
fn below_root(base: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').collect();
    for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.into_iter().fold(String::new(), join))
}

/// Whether a file has this text: also with other line ends, which a clone may choose, and with or without a mark
/// of byte order, which bundlers leave out. A text with replaced characters, whose bytes are lost, or a very long
/// one is taken for it.
fn is_text_of(file: &TreeFile, text: &str) -> bool {
    let is = |text: &str| file.size == text.len() as u64 && Sha256::digest(text)[..] == file.digest;
    if is(text) || text.len() > LONGEST_TEXT || text.contains(char::REPLACEMENT_CHARACTER) {
        return true;
    }
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let unix = text.replace("\r\n", "\n");
    let windows = unix.replace('\n', "\r\n");
    [text, &unix, &windows].into_iter().any(|text| is(text) || is(&format!("{BYTE_ORDER_MARK}{text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> TreeFile {
        let digest = Sha256::digest(text).into();
        TreeFile { executable: false, is_link: false, size: text.len() as u64, digest }
    }

    #[test]
    fn line_ends_and_byte_order_marks_do_not_matter() {
        let texts = ["a\nb\n", "a\r\nb\r\n", "\u{feff}a\nb\n", "\u{feff}a\r\nb\r\n"];
        for (ours, theirs) in texts.iter().flat_map(|ours| texts.iter().map(move |theirs| (ours, theirs))) {
            assert!(is_text_of(&file(ours), theirs), "{ours:?} {theirs:?}");
        }
        assert!(is_text_of(&file("a\r\nb\n"), "a\r\nb\n"), "mixed");
        assert!(is_text_of(&file("a"), "\u{fffd}"), "unknown bytes");
        assert!(!is_text_of(&file("a\nb\n"), "a\nb"));
        assert!(!is_text_of(&file("a\nb\n"), "a\nc\n"));
    }

    #[test]
    fn names_of_files_in_the_repository() {
        let package = Workspace {
            name: "@x/app".to_owned(),
            folder: "packages/app".to_owned(),
            manifest: monorepo::Manifest::default(),
        };
        let path = |name: &str| path(&package, "packages/app/dist/static/main.js.map", name);
        let own = [
            ("../../src/App.tsx", "packages/app/src/App.tsx"),
            ("./a.js", "packages/app/dist/static/a.js"),
            ("webpack://@x/app/./src/App.tsx", "packages/app/src/App.tsx"),
            ("webpack://@x/app/../../plugins/x/src/index.ts", "plugins/x/src/index.ts"),
            ("../../../../tool.cjs", "tool.cjs"),
        ];
        for (name, expected) in own {
            assert_eq!(path(name).as_deref(), Some(expected), "{name}");
        }
        let others = [
            "webpack://@x/app/webpack/runtime/x.js",
            "webpack://@x/app/swagger-ui/src/x.js",
            "webpack://other/./src/App.tsx",
            "webpack://@x/app/../../node_modules/x/index.js",
            "webpack://@x/app/./src/index.tsx?1a2b",
            "webpack://@x/app/./src/logo.svg",
            "../../src/data.json",
            "../../../../../outside.ts",
            "webpack://@x/app/../../../outside.ts",
            "/src/App.tsx",
            "file:///src/App.tsx",
            "C:\\src\\App.tsx",
            "\0virtual.js",
            "../../src/App",
            "",
        ];
        for name in others {
            assert_eq!(path(name), None, "{name}");
        }
    }
}
