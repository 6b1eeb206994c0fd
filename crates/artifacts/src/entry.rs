//! One entry of an archive: what its header says.

/// What kind of thing an entry makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Folder,
    /// A hard link; its target counts from the archive's root.
    HardLink(String),
    /// A symbolic link; its target counts from the folder it is in.
    SymbolicLink(String),
    /// Anything else, named for a person.
    Special(String),
}

/// An entry without its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The path as written, bytes that are not UTF-8 escaped.
    pub(crate) name: String,
    /// The path without `.`, empty parts and a slash at its end; the root is empty.
    pub(crate) path: String,
    pub(crate) kind: EntryKind,
    /// The mode as written, without the bits of the file type.
    pub(crate) mode: u32,
    pub(crate) size: u64,
}

impl Entry {
    /// The entry for the archive's root, `./`.
    pub(crate) fn is_root(&self) -> bool {
        self.path.is_empty() && self.kind == EntryKind::Folder
    }

    /// Where a link leads to, as written.
    pub(crate) fn link_target(&self) -> Option<&str> {
        match &self.kind {
            EntryKind::HardLink(target) | EntryKind::SymbolicLink(target) => Some(target),
            EntryKind::File | EntryKind::Folder | EntryKind::Special(_) => None,
        }
    }
}

/// A path as `Entry::path` has it.
pub(crate) fn normal_path(name: &str) -> String {
    let parts = name.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.fold(String::with_capacity(name.len()), join)
}

/// `path` with one more part.
pub(crate) fn join(mut path: String, part: &str) -> String {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(part);
    path
}

/// Bytes of a name as text; those that are not UTF-8 are escaped.
pub(crate) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// The kind that a header's type flag means. `target` is the link's target, where there is one.
pub(crate) fn kind(flag: u8, name: &str, size: u64, target: String) -> EntryKind {
    match flag {
        // Before there was a flag for folders, a slash at the end of a name made one.
        0 | b'0' if name.ends_with('/') && size == 0 => EntryKind::Folder,
        0 | b'0' | b'7' => EntryKind::File,
        b'1' => EntryKind::HardLink(target),
        b'2' => EntryKind::SymbolicLink(target),
        b'3' => EntryKind::Special("a character device".to_owned()),
        b'4' => EntryKind::Special("a block device".to_owned()),
        b'5' => EntryKind::Folder,
        b'6' => EntryKind::Special("a named pipe".to_owned()),
        other => EntryKind::Special(format!("an entry of type '{}'", other.escape_ascii())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_normal_path_keeps_what_matters() {
        assert_eq!(normal_path("./packages//app/./dist/"), "packages/app/dist");
        assert_eq!(normal_path("./"), "");
        assert_eq!(normal_path("a/../b"), "a/../b");
    }

    proptest! {
        #[test]
        fn a_normal_path_has_one_form(name in "([a.]{0,3}/{0,2}){0,6}|\\PC*") {
            let path = normal_path(&name);
            prop_assert_eq!(normal_path(&path), path.as_str());
            prop_assert!(path.is_empty() || path.split('/').all(|part| !part.is_empty() && part != "."));
            // The standard library's way of reading a path.
            let parts = std::path::Path::new(&name).components().filter_map(|part| match part {
                std::path::Component::Normal(name) => name.to_str(),
                std::path::Component::ParentDir => Some(".."),
                _ => None,
            });
            prop_assert_eq!(parts.collect::<Vec<_>>().join("/"), path);
        }
    }
}
