//! A folder that becomes a root file system: archives are unpacked into it and never beyond it, by an
//! ordinary user.

use std::fs::{File, Permissions};
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use process::EngineError;
use tar::{Archive, Entry, EntryType};

use crate::walk::kind;

/// What stays of a mode: nothing runs with its owner's rights.
pub(crate) const MODE: u32 = 0o1777;

/// A folder that is filled.
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// A tree in an existing folder.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Unpacks a tar archive. `place` gives each entry its path in the tree, or leaves it out.
    ///
    /// # Errors
    /// It is no archive, an entry reaches outside, or the disk refused.
    pub(crate) fn unpack(
        &self,
        archive: impl Read,
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
            self.add(&to, &mut entry, target.as_deref())?;
        }
        Ok(())
    }

    /// Adds an entry at `path`; `target` is where a link leads: for a hard link a path in the tree.
    ///
    /// # Errors
    /// It reaches outside, or the disk refused.
    fn add<R: Read>(&self, path: &Path, entry: &mut Entry<'_, R>, target: Option<&Path>) -> Result<(), EngineError> {
        let mode = entry.header().mode().unwrap_or(0o644) & MODE;
        let modified = entry.header().mtime().unwrap_or_default();
        let added = match (entry.header().entry_type(), target) {
            (EntryType::Directory, _) => self.folder(path, mode),
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

    /// Makes a folder and those above it. Where there is a link, it is made where that leads, as dpkg does.
    pub(crate) fn folder(&self, path: &Path, mode: u32) -> Result<(), Error> {
        let Some((parent, name)) = self.place(path)? else { return Ok(()) };
        let mut folder = parent.join(name);
        match kind(&folder)? {
            Some(found) if found.is_dir() => {}
            Some(found) if found.is_symlink() => folder = self.reach(path)?,
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
    pub(crate) fn file(&self, path: &str, mode: u32, text: &[u8]) -> Result<(), EngineError> {
        let written = self.stream(Path::new(path), mode, 0, &mut &text[..]);
        written.map_err(EngineError::io(format!("writing {path}")))
    }

    /// Makes a symbolic link; it may lead anywhere, as nothing is reached through it from outside.
    pub(crate) fn link(&self, path: &Path, target: &Path) -> Result<(), Error> {
        let Some(place) = self.free(path)? else { return Ok(()) };
        symlink(target, place)
    }

    /// The text of a file in the tree.
    pub(crate) fn text(&self, path: &Path) -> Result<String, Error> {
        std::fs::read_to_string(self.find(path)?)
    }

    fn stream(&self, path: &Path, mode: u32, modified: u64, source: &mut impl Read) -> Result<(), Error> {
        let Some(place) = self.free(path)? else { return Ok(()) };
        let mut file = File::options().write(true).create_new(true).open(place)?;
        std::io::copy(source, &mut file)?;
        file.set_permissions(Permissions::from_mode(mode | 0o400))?;
        file.set_modified(at_time(modified)?)
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
}

/// So many seconds after 1970: ccache knows a compiler by its time.
pub(crate) fn at_time(seconds: u64) -> Result<SystemTime, Error> {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    time.ok_or_else(|| Error::new(ErrorKind::InvalidData, "a time that no clock shows"))
}

/// Where an entry's link leads.
///
/// # Errors
/// The archive is damaged.
fn link_of<R: Read>(entry: &Entry<'_, R>) -> Result<Option<PathBuf>, EngineError> {
    let target = entry.link_name().map_err(EngineError::io("reading a link in an archive"))?;
    Ok(target.map(std::borrow::Cow::into_owned))
}
