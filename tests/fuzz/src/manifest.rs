//! Arbitrary text in place of the files that are read first of a repository.

use std::fmt::Display;
use std::sync::OnceLock;

use monorepo::{
    Lockfile, Manifest, NodeVersion, Tree, YarnSettings, install_manifest, package_name, production_manifest,
};
use tempfile::TempDir;

/// Reads this text as each of them.
pub fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let manifest = or_problem(Manifest::parse("package.json", text));
    if let Some(manifest) = &manifest {
        let install = install_manifest(&manifest.raw);
        assert_eq!(install_manifest(&install), install, "an install manifest has one form");
        production_manifest(&manifest.raw);
    }
    if let Some(lockfile) = or_problem(Lockfile::parse(text)) {
        is_a_part_of(&lockfile, text);
    }
    settings(text, &manifest.unwrap_or_default());
}

/// Yarn's settings and the version of Node, which are read from files.
fn settings(text: &str, manifest: &Manifest) {
    static ROOT: OnceLock<TempDir> = OnceLock::new();
    let root = ROOT.get_or_init(|| TempDir::new().expect("a folder for the files")).path();
    for name in [".yarnrc.yml", ".npmrc", ".nvmrc"] {
        std::fs::write(root.join(name), text).expect("a place for the files");
    }
    if let Some(settings) = or_problem(YarnSettings::read(root, manifest, &Tree::default())) {
        let is_name = |name: &String| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        assert!(settings.variables.iter().all(is_name), "{:?}", settings.variables);
    }
    if let Some(node) = or_problem(NodeVersion::read(root, manifest)) {
        let is_tag =
            node.version.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(is_tag, "{:?} is no tag of an image", node.version);
    }
}

/// Nothing is in a lockfile that is not in its text.
fn is_a_part_of(lockfile: &Lockfile, text: &str) {
    let lines = text.lines().count();
    for entry in &lockfile.entries {
        assert!((1..=lines).contains(&entry.line));
        assert!(text.contains(&entry.resolution) && entry.resolution.starts_with(entry.name()));
        assert!(entry.descriptors.iter().all(|descriptor| descriptor.starts_with(package_name(descriptor))));
        assert!(entry.descriptors.iter().all(|descriptor| lockfile.resolve(descriptor).is_some()));
    }
    lockfile.native_addons();
}

/// A problem is safe to show: of control characters it has line ends only.
fn or_problem<T, E: Display>(result: Result<T, E>) -> Option<T> {
    result
        .map_err(|problem| {
            let text = problem.to_string();
            assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
        })
        .ok()
}
