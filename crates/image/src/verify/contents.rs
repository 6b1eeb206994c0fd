//! What the bytes of a layer belong to: packages of npm, workspaces, Node, and else folders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::notes::{Content, Note, Package};
use super::packages::package_of;
use crate::digest::Digest;
use crate::prune::Count;
use crate::read::{Entries, Head, MemberKind, StoredLayer};

/// How many folders name a file that belongs to nothing else, such as `usr/share/zoneinfo`.
const FOLDERS: usize = 3;

/// What kind of thing owns files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerKind {
    /// A package of npm, as `name@version`.
    Npm,
    /// A workspace of the repository: a folder with a manifest, and not below a `node_modules`.
    Workspace,
    /// Node itself.
    Node,
    /// A folder, by its path.
    Folder,
}

/// The part of a layer that belongs together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// What owns it.
    pub kind: OwnerKind,
    /// The name of that.
    pub name: String,
    /// Its files.
    #[serde(flatten)]
    pub count: Count,
}

/// What is in a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerContents {
    /// Digest of the layer's archive.
    pub diff_id: Digest,
    /// Bytes as it is stored.
    pub stored_bytes: u64,
    /// Its parts, the largest first.
    pub shares: Vec<Share>,
}

impl LayerContents {
    pub(super) fn new(layer: &StoredLayer, shares: Vec<Share>) -> Self {
        Self { diff_id: layer.diff_id.clone(), stored_bytes: layer.bytes(), shares }
    }

    /// All its files; those that a later layer replaces count, too.
    pub fn total(&self) -> Count {
        let sum = |sum: Count, share: &Share| Count {
            bytes: sum.bytes + share.count.bytes,
            files: sum.files + share.count.files,
        };
        self.shares.iter().fold(Count::default(), sum)
    }
}

/// The parts of a layer, the largest first. Further names of a file add nothing.
pub(super) fn shares(entries: &Entries<Note>) -> Vec<Share> {
    let manifests: BTreeMap<&str, &Package> = entries.iter().filter_map(manifest).collect();
    let mut found: BTreeMap<(OwnerKind, String), Count> = BTreeMap::new();
    for (head, note) in entries {
        if let MemberKind::File(size) = head.kind {
            found.entry(owner(&head.path, note.as_ref(), &manifests)).or_default().add(size);
        }
    }
    let mut shares: Vec<_> = found.into_iter().map(|((kind, name), count)| Share { kind, name, count }).collect();
    shares.sort_by(|a, b| b.count.bytes.cmp(&a.count.bytes).then_with(|| a.name.cmp(&b.name)));
    shares
}

/// The folder of a manifest that names something, and the manifest.
fn manifest((head, note): &(Head, Option<Note>)) -> Option<(&str, &Package)> {
    match &note.as_ref()?.content {
        Content::Package(package) if !package.name.is_empty() => {
            Some((head.path.strip_suffix("package.json")?.trim_end_matches('/'), package))
        }
        _ => None,
    }
}

fn owner(path: &str, note: Option<&Note>, manifests: &BTreeMap<&str, &Package>) -> (OwnerKind, String) {
    if let Some((folder, name)) = package_of(path) {
        let version = manifests.get(folder).map_or("?", |package| package.version.as_str());
        let version = if version.is_empty() { "?" } else { version };
        return (OwnerKind::Npm, format!("{name}@{version}"));
    }
    if note.is_some_and(|note| matches!(note.content, Content::Node { .. })) {
        return (OwnerKind::Node, "node".to_owned());
    }
    let mut folder = path;
    while let Some((above, _)) = folder.rsplit_once('/') {
        folder = above;
        if let Some(package) = manifests.get(folder) {
            return (OwnerKind::Workspace, package.name.clone());
        }
    }
    let end = path.match_indices('/').map(|(at, _)| at).take(FOLDERS).last().unwrap_or_default();
    (OwnerKind::Folder, format!("/{}", &path[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, size: u64, content: Content) -> (Head, Option<Note>) {
        let head = Head {
            path: path.to_owned(),
            kind: MemberKind::File(size),
            mode: 0o644,
            uid: 0,
            gid: 0,
            has_capabilities: false,
        };
        (head, Some(Note { secrets: Vec::new(), content }))
    }

    fn package(path: &str, name: &str, version: &str) -> (Head, Option<Note>) {
        let package = Package { name: name.to_owned(), version: version.to_owned(), ..Package::default() };
        entry(path, 1, Content::Package(package))
    }

    #[test]
    fn every_file_belongs_to_one_thing() {
        let node = Content::Node { architecture: "x64".to_owned(), version: None };
        let mut link = entry("app/node_modules/a/again.js", 900, Content::Other);
        link.0.kind = MemberKind::HardLink("app/node_modules/a/x.js".to_owned());
        let found = shares(&vec![
            package("app/node_modules/a/package.json", "a", "1.0.0"),
            package("app/node_modules/a/esm/package.json", "", ""),
            entry("app/node_modules/a/x.js", 9, Content::Other),
            link,
            entry("app/node_modules/@s/b/x.js", 5, Content::Other),
            package("app/packages/backend/package.json", "backend", "0.0.0"),
            entry("app/packages/backend/dist/index.js", 6, Content::Other),
            entry("usr/local/bin/node", 100, node),
            entry("usr/share/zoneinfo/Europe/Paris", 4, Content::Other),
            entry("app/app-config.yaml", 3, Content::Other),
            entry("top", 2, Content::Other),
        ]);
        let found: Vec<_> =
            found.iter().map(|share| (share.name.as_str(), share.count.bytes, share.count.files)).collect();
        let expected = [
            ("node", 100, 1),
            ("a@1.0.0", 11, 3),
            ("backend", 7, 2),
            ("@s/b@?", 5, 1),
            ("/usr/share/zoneinfo", 4, 1),
            ("/app", 3, 1),
            ("/", 2, 1),
        ];
        assert_eq!(found, expected);
    }
}
