//! Installed packages of npm: each folder below a `node_modules`.

use std::collections::BTreeMap;

use super::context::Context;
use super::notes::Content;
use crate::prune::{Count, PackageSize};

/// The folder of the innermost installed package that a path is in, and the package's name.
pub(crate) fn package_of(path: &str) -> Option<(&str, &str)> {
    const MODULES: &str = "node_modules/";
    let start = path.rfind(MODULES).filter(|at| *at == 0 || path[..*at].ends_with('/'))? + MODULES.len();
    let rest = &path[start..];
    let mut slashes = rest.match_indices('/').map(|(at, _)| at);
    let end = if rest.starts_with('@') { slashes.nth(1) } else { slashes.next() }?;
    let name = &rest[..end];
    (!name.starts_with('.')).then_some((&path[..start + end], name))
}

/// Every package with its size, without packages nested in it; copies of one version together, the largest first.
pub(super) fn sizes(context: &Context<'_>) -> Vec<PackageSize> {
    let mut folders: BTreeMap<&str, (&str, Count)> = BTreeMap::new();
    for (path, node) in context.tree.files() {
        if let Some((folder, name)) = package_of(path) {
            folders.entry(folder).or_insert((name, Count::default())).1.add(node.bytes());
        }
    }
    let mut packages: BTreeMap<String, Count> = BTreeMap::new();
    for (folder, (name, count)) in folders {
        let package = packages.entry(format!("{name}@{}", version(context, folder).unwrap_or("?"))).or_default();
        package.bytes += count.bytes;
        package.files += count.files;
    }
    let mut sizes: Vec<_> = packages.into_iter().map(|(package, kept)| PackageSize { package, kept }).collect();
    sizes.sort_by(|a, b| b.kept.bytes.cmp(&a.kept.bytes).then_with(|| a.package.cmp(&b.package)));
    sizes
}

/// The version of the package in a folder.
pub(super) fn version<'a>(context: &Context<'a>, folder: &str) -> Option<&'a str> {
    match &context.tree.get(&format!("{folder}/package.json"))?.note.as_ref()?.content {
        Content::Package(package) if !package.version.is_empty() => Some(&package.version),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_package_counts() {
        assert_eq!(package_of("app/node_modules/a/lib/x.js"), Some(("app/node_modules/a", "a")));
        assert_eq!(package_of("app/node_modules/@s/a/x.js"), Some(("app/node_modules/@s/a", "@s/a")));
        let nested = "app/node_modules/a/node_modules/b";
        assert_eq!(package_of(&format!("{nested}/x.js")), Some((nested, "b")));
        for none in ["app/x.js", "node_modules/x.js", "x_node_modules/a/x", "node_modules/.bin/x", "node_modules/@s/x"]
        {
            assert_eq!(package_of(none), None, "{none}");
        }
    }
}
