//! Adding a folder of the host to a layer.

use std::collections::BTreeMap;
use std::fs::{DirEntry, FileType, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::ImageError;
use crate::layer_files::{Content, Entry, EntryKind, FOLDER_MODE, LayerFiles, Owner};

/// Something below a folder of the host, as a filter sees it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its path relative to the folder.
    pub path: &'a Path,
    /// Whether it is a folder; its content is asked for afterwards.
    pub is_directory: bool,
    /// Its size in bytes, when it is a file.
    pub size: u64,
}

impl LayerFiles {
    /// Adds what is below `folder`, itself included, at `target`, which is empty for the root of the image.
    /// Links are not followed; a hard link is a file of its own. Folders get the mode 0755, files 0755 when
    /// their owner may execute them and 0644 otherwise.
    ///
    /// `keeps` sees a folder before what it holds, and names in the order of their bytes. A folder that is
    /// not kept is left out with all that it holds, and so is one of which nothing was kept.
    ///
    /// # Errors
    /// When something cannot be read, or is no file, folder or symbolic link.
    pub fn add_folder(
        &mut self,
        folder: &Path,
        target: impl AsRef<Path>,
        owner: Owner,
        mut keeps: impl FnMut(Candidate<'_>) -> bool,
    ) -> Result<(), ImageError> {
        let target = target.as_ref();
        if !target.as_os_str().is_empty() {
            self.add_directory(target, FOLDER_MODE, owner)?;
        }
        Walk { files: self, folder, target, owner, keeps: &mut keeps }.folder(Path::new(""))
    }
}

struct Walk<'a, F> {
    files: &'a mut LayerFiles,
    folder: &'a Path,
    target: &'a Path,
    owner: Owner,
    keeps: &'a mut F,
}

impl<F: FnMut(Candidate<'_>) -> bool> Walk<'_, F> {
    /// Adds what a folder holds.
    fn folder(&mut self, relative: &Path) -> Result<(), ImageError> {
        let path = self.folder.join(relative);
        for (name, (entry, kind)) in list(&path)? {
            let relative = relative.join(std::ffi::OsStr::from_bytes(&name));
            if kind.is_dir() {
                self.subfolder(&relative)?;
            } else {
                self.leaf(&relative, &entry, kind)?;
            }
        }
        Ok(())
    }

    fn subfolder(&mut self, relative: &Path) -> Result<(), ImageError> {
        if !(self.keeps)(Candidate { path: relative, is_directory: true, size: 0 }) {
            return Ok(());
        }
        let before = self.files.len();
        self.folder(relative)?;
        if self.files.len() > before || list(&self.folder.join(relative))?.is_empty() {
            self.files.add_directory(self.target.join(relative), FOLDER_MODE, self.owner)?;
        }
        Ok(())
    }

    fn leaf(&mut self, relative: &Path, entry: &DirEntry, kind: FileType) -> Result<(), ImageError> {
        let path = entry.path();
        if kind.is_symlink() {
            if (self.keeps)(Candidate { path: relative, is_directory: false, size: 0 }) {
                let link = path.read_link().map_err(ImageError::io("reading the link", &path))?;
                self.files.add_symlink(self.target.join(relative), link, self.owner)?;
            }
            return Ok(());
        }
        let metadata = entry.metadata().map_err(ImageError::io("looking at", &path))?;
        if !metadata.is_file() {
            return Err(ImageError::unexpected(&path, "a file, a folder or a symbolic link", "something else"));
        }
        if (self.keeps)(Candidate { path: relative, is_directory: false, size: metadata.len() }) {
            self.files.add(self.target.join(relative), file(path, &metadata, self.owner))?;
        }
        Ok(())
    }
}

fn file(path: PathBuf, metadata: &Metadata, owner: Owner) -> Entry {
    let mode = if metadata.mode() & 0o100 == 0 { 0o644 } else { 0o755 };
    Entry { kind: EntryKind::File { content: Content::Path(path), size: metadata.len() }, mode, owner }
}

/// What a folder holds, by name.
fn list(folder: &Path) -> Result<BTreeMap<Vec<u8>, (DirEntry, FileType)>, ImageError> {
    let refused = || ImageError::io("reading the folder", folder);
    let entries = folder.read_dir().map_err(refused())?;
    let named = entries.map(|entry| {
        let entry = entry.map_err(refused())?;
        let kind = entry.file_type().map_err(refused())?;
        Ok((entry.file_name().as_bytes().to_vec(), (entry, kind)))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const OWNER: Owner = Owner { uid: 1000, gid: 1000 };

    fn write(path: &Path, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn modes_are_normal_whatever_the_umask_and_the_order() {
        let pack = |order: &[usize], file: u32, program: u32| {
            let folder = tempfile::tempdir().unwrap();
            let all = [("b/run", program), ("a", file), ("b/c/d", file), ("b-c", file)];
            order.iter().for_each(|index| write(&folder.path().join(all[*index].0), all[*index].1));
            let mut files = LayerFiles::new();
            files.add_folder(folder.path(), "app", OWNER, |_| true).unwrap();
            let shown = |(path, entry): (&[u8], &Entry)| (String::from_utf8_lossy(path).into_owned(), entry.mode);
            files.iter().map(shown).collect::<Vec<_>>()
        };
        let found = pack(&[0, 1, 2, 3], 0o644, 0o755);
        assert_eq!(found, pack(&[3, 2, 1, 0], 0o600, 0o700));
        assert_eq!(found, pack(&[2, 0, 3, 1], 0o666, 0o777));
        assert!(found.contains(&("app/b/run".to_owned(), 0o755)) && found.contains(&("app/a".to_owned(), 0o644)));
    }

    #[test]
    fn links_are_kept_as_links_and_names_as_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let odd = OsStr::from_bytes(b"\xff\xfe");
        write(&folder.path().join(odd), 0o644);
        symlink("../nowhere", folder.path().join("link")).unwrap();
        symlink("..", folder.path().join("loop")).unwrap();
        fs::hard_link(folder.path().join(odd), folder.path().join("hard")).unwrap();
        let mut files = LayerFiles::new();
        files.add_folder(folder.path(), "", OWNER, |_| true).unwrap();
        assert_eq!(files.get("link").unwrap().kind, EntryKind::Symlink { target: b"../nowhere".to_vec() });
        assert!(files.get(Path::new(odd)).is_some() && files.get("hard").is_some() && files.get("loop").is_some());
        assert_eq!(files.len(), 4);
    }

    #[test]
    fn a_folder_of_which_nothing_is_kept_is_left_out_but_not_one_that_was_empty() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("docs/deep/a.md"), 0o644);
        write(&folder.path().join("tests/a"), 0o644);
        fs::create_dir(folder.path().join("empty")).unwrap();
        let mut files = LayerFiles::new();
        let keeps = |found: Candidate<'_>| found.path != "tests" && found.path.extension().is_none();
        files.add_folder(folder.path(), "", OWNER, keeps).unwrap();
        assert_eq!(files.iter().map(|(path, _)| path).collect::<Vec<_>>(), [b"empty"]);
    }

    #[test]
    fn a_socket_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let error = LayerFiles::new().add_folder(folder.path(), "", OWNER, |_| true).unwrap_err().to_string();
        assert!(error.contains("/socket") && error.contains("expected: a file"), "{error}");
    }
}
