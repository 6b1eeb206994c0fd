//! A folder that becomes a root file system: archives are unpacked into it and never beyond it, by an
//! ordinary user.
//!
//! A link in the tree means what it will mean when the tree is `/`: so the way to a path is walked name by
//! name, and an absolute link starts again at the tree's root.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{File, Metadata, Permissions};
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use tar::{Archive, Entry, EntryType};

use crate::failure::EngineError;

/// Links followed on the way to one path, as Linux does (path_resolution(7)).
const MAX_LINKS: usize = 40;
/// What stays of a mode: nothing runs with its owner's rights.
const MODE: u32 = 0o1777;

/// What a folder in an archive does to a link of its name.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// It goes where the link leads, as dpkg does.
    Follow,
    /// It takes the link's place, as layers of an image do.
    Replace,
}

/// A folder that is filled.
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// A tree in an existing folder.
    pub(super) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Unpacks a tar archive. `place` gives each entry its path in the tree, or leaves it out.
    ///
    /// # Errors
    /// It is no archive, an entry reaches outside, or the disk refused.
    pub(super) fn unpack(
        &self,
        archive: impl Read,
        existing: Existing,
        place: impl Fn(&Path) -> Option<PathBuf>,
    ) -> Result<(), EngineError> {
        let mut archive = Archive::new(archive);
        let entries = archive.entries().map_err(EngineError::io("reading an archive"))?;
        for entry in entries {
            let mut entry = entry.map_err(EngineError::io("reading an archive"))?;
            let path = entry.path().map_err(EngineError::io("reading a path in an archive"))?.into_owned();
            let Some(to) = place(&path) else { continue };
            let target = match entry.header().entry_type() {
                EntryType::Link => link_of(&entry)?.and_then(|target| place(&target)),
                _ => link_of(&entry)?,
            };
            self.add(&to, &mut entry, target.as_deref(), existing)?;
        }
        Ok(())
    }

    /// Adds an entry at `path`; `target` is where a link leads: for a hard link a path in the tree.
    ///
    /// # Errors
    /// It reaches outside, or the disk refused.
    pub(super) fn add<R: Read>(
        &self,
        path: &Path,
        entry: &mut Entry<'_, R>,
        target: Option<&Path>,
        existing: Existing,
    ) -> Result<(), EngineError> {
        let mode = entry.header().mode().unwrap_or(0o644) & MODE;
        let modified = entry.header().mtime().unwrap_or_default();
        let added = match (entry.header().entry_type(), target) {
            (EntryType::Directory, _) => self.folder(path, mode, existing),
            (EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse, _) => {
                self.stream(path, mode, modified, entry)
            }
            (EntryType::Symlink, Some(target)) => self.link(path, target),
            (EntryType::Link, Some(target)) => self.hard_link(path, target),
            // Devices and pipes are made by whatever runs the image.
            _ => Ok(()),
        };
        added.map_err(EngineError::io(format!("unpacking {}", path.display())))
    }

    /// Makes a folder and those above it.
    pub(super) fn folder(&self, path: &Path, mode: u32, existing: Existing) -> Result<(), Error> {
        let Some((parent, name)) = self.place(path)? else { return Ok(()) };
        let mut folder = parent.join(name);
        match kind(&folder)? {
            Some(found) if found.is_dir() => {}
            Some(found) if found.is_symlink() && existing == Existing::Follow => {
                folder = self.walk(names(path)?)?;
            }
            Some(_) => {
                std::fs::remove_file(&folder)?;
                std::fs::create_dir(&folder)?;
            }
            None => std::fs::create_dir(&folder)?,
        }
        // Its owner must be able to fill and to remove it.
        std::fs::set_permissions(&folder, Permissions::from_mode(mode | 0o700))
    }

    /// Makes a file with this text.
    pub(super) fn file(&self, path: &str, mode: u32, text: &[u8]) -> Result<(), EngineError> {
        let written = self.stream(Path::new(path), mode, 0, &mut &text[..]);
        written.map_err(EngineError::io(format!("writing {path}")))
    }

    /// Makes a symbolic link; it may lead anywhere, as nothing is reached through it from outside.
    pub(super) fn link(&self, path: &Path, target: &Path) -> Result<(), Error> {
        let Some(place) = self.free(path)? else { return Ok(()) };
        symlink(target, place)
    }

    /// Removes what is at a path; nothing may be there.
    #[allow(dead_code)]
    pub(super) fn remove(&self, path: &Path) -> Result<(), Error> {
        self.free(path).map(drop)
    }

    /// The real path of a folder in the tree, through links; it is made when it is not there.
    #[allow(dead_code)]
    pub(super) fn real(&self, path: &Path) -> Result<PathBuf, Error> {
        self.walk(names(path)?)
    }

    fn stream(&self, path: &Path, mode: u32, modified: u64, source: &mut impl Read) -> Result<(), Error> {
        let Some(place) = self.free(path)? else { return Ok(()) };
        let mut file = File::options().write(true).create_new(true).open(place)?;
        std::io::copy(source, &mut file)?;
        file.set_permissions(Permissions::from_mode(mode | 0o400))?;
        // ccache knows a compiler by its time.
        file.set_modified(UNIX_EPOCH + Duration::from_secs(modified))
    }

    fn hard_link(&self, path: &Path, target: &Path) -> Result<(), Error> {
        let Some((parent, name)) = self.place(target)? else { return Ok(()) };
        let target = parent.join(name);
        let Some(place) = self.free(path)? else { return Ok(()) };
        std::fs::hard_link(target, place)
    }

    /// A path where nothing is: what was there is removed.
    fn free(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        let Some((parent, name)) = self.place(path)? else { return Ok(None) };
        let place = parent.join(name);
        match kind(&place)? {
            Some(found) if found.is_dir() => std::fs::remove_dir_all(&place)?,
            Some(_) => std::fs::remove_file(&place)?,
            None => {}
        }
        Ok(Some(place))
    }

    /// The real folder and the name of a path; nothing for the root itself.
    fn place(&self, path: &Path) -> Result<Option<(PathBuf, OsString)>, Error> {
        let mut names = names(path)?;
        let Some(name) = names.pop_back() else { return Ok(None) };
        Ok(Some((self.walk(names)?, name)))
    }

    /// Walks down from the root and makes folders that are missing.
    fn walk(&self, mut names: VecDeque<OsString>) -> Result<PathBuf, Error> {
        let mut folder = Vec::new();
        let mut links = 0;
        while let Some(name) = names.pop_front() {
            if name == ".." {
                folder.pop();
                continue;
            }
            let place = self.root.join(folder.iter().collect::<PathBuf>()).join(&name);
            match kind(&place)? {
                None => {
                    std::fs::create_dir(&place)?;
                    std::fs::set_permissions(&place, Permissions::from_mode(0o755))?;
                    folder.push(name);
                }
                Some(found) if found.is_symlink() => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(refused("too many links"));
                    }
                    let target = std::fs::read_link(&place)?;
                    if target.is_absolute() {
                        folder.clear();
                    }
                    link_names(&target).into_iter().rev().for_each(|name| names.push_front(name));
                }
                Some(found) if found.is_dir() => folder.push(name),
                Some(_) => return Err(refused("a file is where a folder must be")),
            }
        }
        Ok(self.root.join(folder.iter().collect::<PathBuf>()))
    }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

fn kind(path: &Path) -> Result<Option<Metadata>, Error> {
    match std::fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names of an entry's path: one that goes up is nothing that a packer writes.
fn names(path: &Path) -> Result<VecDeque<OsString>, Error> {
    let mut names = VecDeque::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => names.push_back(name.to_owned()),
            Component::ParentDir => return Err(refused("the path leaves the archive")),
            _ => {}
        }
    }
    Ok(names)
}

/// The names of a link's target; going up stays possible.
fn link_names(target: &Path) -> Vec<OsString> {
    let parts = target.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    parts.map(|part| part.as_os_str().to_owned()).collect()
}

/// Where an entry's link leads.
///
/// # Errors
/// The archive is damaged.
pub(super) fn link_of<R: Read>(entry: &Entry<'_, R>) -> Result<Option<PathBuf>, EngineError> {
    let target = entry.link_name().map_err(EngineError::io("reading a link in an archive"))?;
    Ok(target.map(std::borrow::Cow::into_owned))
}
