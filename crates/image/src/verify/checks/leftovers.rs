//! What a build needs and nothing afterwards.

use std::collections::BTreeMap;

use diagnostics::{Finding, FindingKind, few};

use crate::codes::{ARCHIVE, CACHE, COMPILER, GIT};
use crate::read::NodeKind;
use crate::verify::context::{Context, FindingText};

/// Names of compilers of C and C++, without a target in front and a version behind.
const COMPILERS: &[&str] = &["cc", "c++", "gcc", "g++", "clang", "clang++", "tcc"];
/// What node-gyp needs beside a compiler.
const MAKE: &str = "make";
const PYTHON: &str = "python3";

/// Folders that package managers download to: what follows any folder.
const CACHES: &[&str] = &[
    ".yarn/cache",
    ".yarn/berry/cache",
    ".yarn/unplugged",
    ".npm/_cacache",
    ".cache/yarn",
    ".cache/node-gyp",
    ".cache/node/corepack",
    ".cache/pip",
    ".pnpm-store",
    "var/lib/apt/lists",
    "var/cache/apt",
    "var/cache/apk",
    "var/cache/dnf",
];
/// The archives of the Backstage CLI.
const ARCHIVES: &[&str] = &["skeleton.tar.gz", "bundle.tar.gz"];

/// Compilers among the programs; `make` and Python together compile, too.
pub(crate) fn compilers(context: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tools = Vec::new();
    for folder in context.search_path() {
        let Some((folder, _)) = context.tree.resolve("", folder) else { continue };
        for (path, node) in context.tree.under(folder) {
            let Some(name) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else { continue };
            if name.contains('/') || node.kind == NodeKind::Folder {
                continue;
            }
            if is_compiler(name) {
                found.push(path.to_owned());
            } else if name == MAKE || name == PYTHON {
                tools.push((name, path.to_owned()));
            }
        }
    }
    if [MAKE, PYTHON].iter().all(|name| tools.iter().any(|(tool, _)| tool == name)) {
        found.extend(tools.into_iter().map(|(_, path)| path));
    }
    found.sort();
    found.dedup();
    let next = "compile in a stage of its own and copy node_modules from there; `cargo xtask build-image` does so";
    of_many(context, COMPILER, &found, ("no compiler", next))
}

fn is_compiler(name: &str) -> bool {
    let is_version = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let name = name.rsplit_once('-').filter(|(_, version)| is_version(version)).map_or(name, |(name, _)| name);
    let name = name.rsplit_once('-').map_or(name, |(_, name)| name);
    COMPILERS.contains(&name)
}

/// One finding for each cache, with what it takes.
pub(crate) fn caches(context: &Context<'_>) -> Vec<Finding> {
    let mut caches: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (path, node) in context.tree.files().filter(|(path, _)| !is_lock(path)) {
        if let Some(cache) = cache_of(path) {
            let (files, bytes) = caches.entry(cache).or_default();
            *files += 1;
            *bytes += node.bytes();
        }
    }
    let finding = |(cache, (files, bytes)): (&str, (u64, u64))| {
        let plural = if files == 1 { "" } else { "s" };
        let found = format!("{files} file{plural} of {bytes} bytes");
        let next = "mount it (`RUN --mount=type=cache`), or remove it in the same `RUN`";
        context.finding(
            CACHE,
            Some(cache),
            FindingText { expected: "no cache of a package manager", found: &found, next },
        )
    };
    caches.into_iter().map(finding).collect()
}

/// Empty files that apt keeps.
fn is_lock(path: &str) -> bool {
    path.ends_with("/lock")
}

/// The cache that a file is in.
fn cache_of(path: &str) -> Option<&str> {
    CACHES.iter().find_map(|cache| {
        let at = path.match_indices(cache).map(|(at, _)| at).find(|at| {
            let (before, after) = (&path[..*at], &path[at + cache.len()..]);
            (before.is_empty() || before.ends_with('/')) && after.starts_with('/')
        })?;
        let is_absolute = cache.starts_with("var/");
        (at == 0 || !is_absolute).then_some(&path[..at + cache.len()])
    })
}

/// Repositories of git.
pub(crate) fn git(context: &Context<'_>) -> Vec<Finding> {
    let heads = context.tree.files().filter_map(|(path, _)| path.strip_suffix("/HEAD"));
    let folders: Vec<String> =
        heads.filter(|folder| folder.rsplit('/').next() == Some(".git")).map(str::to_owned).collect();
    let next = "add `.git` to the ignore file of the Dockerfile, and revoke what its config holds";
    of_many(context, GIT, &folders, ("no .git", next))
}

/// The archives that were unpacked.
pub(crate) fn archives(context: &Context<'_>) -> Vec<Finding> {
    let is_archive = |path: &&str| ARCHIVES.contains(&path.rsplit('/').next().unwrap_or_default());
    let found: Vec<String> = context.tree.files().map(|(path, _)| path).filter(is_archive).map(str::to_owned).collect();
    let next = "unpack it in a stage of its own, or mount it: `RUN --mount=type=bind,source=…`";
    of_many(context, ARCHIVE, &found, ("no archive of the build", next))
}

/// Whether the path alone makes a file something that is left over.
pub(crate) fn is_leftover(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    cache_of(path).is_some() || ARCHIVES.contains(&name) || path.split('/').any(|part| part == ".git")
}

/// One finding for many paths.
pub(super) fn of_many(
    context: &Context<'_>,
    kind: FindingKind,
    paths: &[String],
    (expected, next): (&str, &str),
) -> Vec<Finding> {
    let Some(first) = paths.first() else { return Vec::new() };
    vec![context.finding(kind, Some(first), FindingText { expected, found: &few(paths), next })]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_compilers() {
        for name in ["cc", "gcc-14", "x86_64-linux-gnu-g++-14", "c++", "clang-19", "aarch64-linux-gnu-gcc"] {
            assert!(is_compiler(name), "{name}");
        }
        for name in ["gcc-ar", "c++filt", "ccache", "node", "gcc-ranlib-14", "acc"] {
            assert!(!is_compiler(name), "{name}");
        }
    }

    #[test]
    fn folders_of_caches() {
        assert_eq!(cache_of("app/.yarn/cache/a.zip"), Some("app/.yarn/cache"));
        assert_eq!(cache_of("root/.npm/_cacache/index/x"), Some("root/.npm/_cacache"));
        assert_eq!(cache_of("var/lib/apt/lists/x"), Some("var/lib/apt/lists"));
        assert_eq!(cache_of("app/var/lib/apt/lists/x"), None);
        assert_eq!(cache_of("app/x.yarn/cache/a"), None);
        assert_eq!(cache_of("app/.yarn/cached/a"), None);
    }
}
