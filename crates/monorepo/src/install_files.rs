//! Files besides manifests and settings that an install reads.

use std::collections::BTreeSet;

use crate::manifest::Manifest;
use crate::tree::Tree;

/// Scripts Yarn runs for a workspace during an install.
pub const LIFECYCLE_SCRIPTS: &[&str] = &["preinstall", "install", "postinstall"];

/// Files in the repository that a manifest's dependencies (`file:`, `portal:`, `patch:`) or lifecycle
/// scripts name.
pub(crate) fn named_by(folder: &str, manifest: &Manifest, tree: &Tree) -> BTreeSet<String> {
    let ranges = manifest.all_dependencies().map(|(_, range)| range).chain(manifest.resolutions.values());
    let targets = ranges.filter_map(|range| target(folder, range));
    let scripts = LIFECYCLE_SCRIPTS.iter().filter_map(|name| manifest.script(name));
    let words =
        scripts.clone().flat_map(str::split_whitespace).map(|word| join(folder, word.trim_matches(['"', '\''])));
    let mut files: BTreeSet<_> = targets.chain(words).filter(|path| !path.is_empty() && tree.contains(path)).collect();
    // patch-package reads its patches from a folder that its command line does not name.
    let patches = join(folder, "patches");
    if scripts.into_iter().any(|script| script.contains("patch-package")) && tree.contains(&patches) {
        files.insert(patches);
    }
    files
}

fn target(folder: &str, range: &str) -> Option<String> {
    if let Some(path) = range.strip_prefix("file:").or_else(|| range.strip_prefix("portal:")) {
        return Some(join(folder, path.split("::").next().unwrap_or(path)));
    }
    let (_, patch) = range.strip_prefix("patch:")?.split_once('#')?;
    let patch = patch.split("::").next().unwrap_or(patch);
    Some(match patch.strip_prefix("~/") {
        Some(from_root) => join("", from_root),
        None => join(folder, patch),
    })
}

/// `path` as seen from `folder`, without `.` and `..`; empty when it leads out of the repository.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return String::new(),
            ".." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_relative_to_the_root() {
        assert_eq!(target("packages/app", "file:../../vendor/x.tgz").as_deref(), Some("vendor/x.tgz"));
        assert_eq!(
            target("packages/app", "patch:left-pad@npm%3A1.0.0#~/.yarn/patches/left-pad.patch").as_deref(),
            Some(".yarn/patches/left-pad.patch")
        );
        assert_eq!(target("packages/app", "^1.0.0"), None);
        assert_eq!(join("a", "../../b"), "");
    }
}
