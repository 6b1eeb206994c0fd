//! What a layer holds.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::ImageError;

/// Mode of a folder that nothing else was said about.
pub(crate) const FOLDER_MODE: u32 = 0o755;

/// Who owns an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Number of the user.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
}

impl Owner {
    /// The super-user.
    pub const ROOT: Self = Self { uid: 0, gid: 0 };
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file of the host, read when the layer is written.
    Path(PathBuf),
    /// These.
    Bytes(Vec<u8>),
}

/// The kinds of entries a layer of ours has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Directory,
    /// A regular file of `size` bytes.
    File {
        /// Its bytes.
        content: Content,
        /// Their number.
        size: u64,
    },
    /// A symbolic link.
    Symlink {
        /// What it points to, as written.
        target: Vec<u8>,
    },
}

/// One entry of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, such as `0o755`; up to `0o7777`.
    pub mode: u32,
    /// Whose it is.
    pub owner: Owner,
}

/// The entries of a layer by their path in the image: no leading slash, separated by `/`, in the order
/// of their raw bytes. A folder is always there before what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerFiles(BTreeMap<Vec<u8>, Entry>);

impl LayerFiles {
    /// A layer of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_slice(), entry))
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        let size = |entry: &Entry| if let EntryKind::File { size, .. } = entry.kind { size } else { 0 };
        self.0.values().map(size).sum()
    }

    /// The entry at a path.
    pub fn get(&self, path: impl AsRef<Path>) -> Option<&Entry> {
        self.0.get(path.as_ref().as_os_str().as_bytes())
    }

    /// Adds a folder with a mode, such as `0o1777` for `tmp`, or gives one that is there that mode and owner.
    ///
    /// # Errors
    /// As [`LayerFiles::add`].
    pub fn add_directory(&mut self, path: impl AsRef<Path>, mode: u32, owner: Owner) -> Result<(), ImageError> {
        self.add(path, Entry { kind: EntryKind::Directory, mode, owner })
    }

    /// Adds a file that has these bytes.
    ///
    /// # Errors
    /// As [`LayerFiles::add`].
    pub fn add_bytes(
        &mut self,
        path: impl AsRef<Path>,
        bytes: impl Into<Vec<u8>>,
        mode: u32,
        owner: Owner,
    ) -> Result<(), ImageError> {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        self.add(path, Entry { kind: EntryKind::File { content: Content::Bytes(bytes), size }, mode, owner })
    }

    /// Adds a symbolic link to `target`, which is kept as it is.
    ///
    /// # Errors
    /// As [`LayerFiles::add`].
    pub fn add_symlink(
        &mut self,
        path: impl AsRef<Path>,
        target: impl AsRef<Path>,
        owner: Owner,
    ) -> Result<(), ImageError> {
        let target = target.as_ref().as_os_str().as_bytes().to_vec();
        self.add(path, Entry { kind: EntryKind::Symlink { target }, mode: 0o777, owner })
    }

    /// Adds an entry, and the folders above it where they are missing (mode 0755, same owner). An entry
    /// that is there already is replaced.
    ///
    /// # Errors
    /// When the path is empty, absolute, or has a component such as `..`; when something above it is
    /// no folder; when a folder that is not empty would be replaced.
    pub fn add(&mut self, path: impl AsRef<Path>, entry: Entry) -> Result<(), ImageError> {
        let path = path.as_ref().as_os_str().as_bytes();
        let is_component = |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.contains(&0);
        if !path.split(|byte| *byte == b'/').all(is_component) {
            return Err(refused(path, "is not a path below the root of an image"));
        }
        self.add_parents(path, entry.owner)?;
        if entry.kind != EntryKind::Directory && self.has_children(path) {
            return Err(refused(path, "is a folder that holds something already"));
        }
        self.0.insert(path.to_vec(), entry);
        Ok(())
    }

    fn add_parents(&mut self, path: &[u8], owner: Owner) -> Result<(), ImageError> {
        let slashes = path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/');
        let mut missing = Vec::new();
        for parent in slashes.map(|(index, _)| &path[..index]) {
            match self.0.get(parent) {
                Some(Entry { kind: EntryKind::Directory, .. }) => break,
                Some(_) => return Err(refused(path, "lies below something that is no folder")),
                None => missing.push(parent.to_vec()),
            }
        }
        let folder = Entry { kind: EntryKind::Directory, mode: FOLDER_MODE, owner };
        self.0.extend(missing.into_iter().map(|parent| (parent, folder.clone())));
        Ok(())
    }

    fn has_children(&self, path: &[u8]) -> bool {
        let start = [path, b"/"].concat();
        self.0.range(start.clone()..).next().is_some_and(|(next, _)| next.starts_with(&start))
    }
}

fn refused(path: &[u8], why: &str) -> ImageError {
    let path = String::from_utf8_lossy(path);
    ImageError::refused(format!("{path:?} {why}"), "this is a mistake in the plan of the layer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folders_above_are_added_and_order_is_that_of_bytes() {
        let mut files = LayerFiles::new();
        files.add_bytes("app/b/c", "text", 0o644, Owner::ROOT).unwrap();
        files.add_bytes("app/b-c", "", 0o644, Owner::ROOT).unwrap();
        files.add_directory("tmp", 0o1777, Owner::ROOT).unwrap();
        let paths: Vec<_> = files.iter().map(|(path, entry)| (String::from_utf8_lossy(path), entry.mode)).collect();
        let expected = [("app", 0o755), ("app/b", 0o755), ("app/b-c", 0o644), ("app/b/c", 0o644), ("tmp", 0o1777)];
        assert_eq!(paths, expected.map(|(path, mode)| (path.into(), mode)));
        assert_eq!((files.len(), files.bytes()), (5, 4));
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        let mut files = LayerFiles::new();
        for path in ["", "/etc", "a//b", "../a", "a/..", "a/./b", "a/", "a\0b"] {
            assert!(files.add_bytes(path, "", 0o644, Owner::ROOT).is_err(), "{path:?}");
        }
        files.add_bytes("a/b", "", 0o644, Owner::ROOT).unwrap();
        assert!(files.add_bytes("a/b/c", "", 0o644, Owner::ROOT).is_err(), "below a file");
        assert!(files.add_symlink("a", "b", Owner::ROOT).is_err(), "in place of a folder");
        assert!(files.add_directory("a", 0o700, Owner::ROOT).is_ok());
    }

    fn entry(is_folder: bool) -> Entry {
        let file = EntryKind::File { content: Content::Bytes(Vec::new()), size: 0 };
        Entry { kind: if is_folder { EntryKind::Directory } else { file }, mode: 0o755, owner: Owner::ROOT }
    }

    proptest! {
        #[test]
        fn a_layer_is_a_tree_below_the_root(paths in prop::collection::vec(("[ab./\0]{0,6}", any::<bool>()), 0..12)) {
            let mut files = LayerFiles::new();
            for (path, is_folder) in &paths {
                let before = files.clone();
                let added = files.add(path, entry(*is_folder)).is_ok();
                // The standard library's way of reading a path has only names in it, and gives it back.
                let parts = Path::new(path).components();
                let names: PathBuf = parts.filter(|part| matches!(part, std::path::Component::Normal(_))).collect();
                let is_plain = !path.is_empty() && names.as_os_str() == path.as_str() && !path.contains('\0');
                prop_assert!(is_plain || !added, "{path:?}");
                prop_assert!(added || files == before, "what is refused changes nothing");
            }
            for (path, _) in files.iter() {
                let path = Path::new(std::ffi::OsStr::from_bytes(path));
                let is_folder = |parent: &Path| files.get(parent).is_some_and(|it| it.kind == EntryKind::Directory);
                prop_assert!(path.ancestors().skip(1).all(|parent| parent == Path::new("") || is_folder(parent)));
            }
        }
    }
}
