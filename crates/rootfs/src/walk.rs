//! Paths in a tree, none of which leads out of it.
//!
//! A link in the tree means what it will mean when the tree is `/`: so the way to a path is walked name by
//! name, and an absolute link starts again at the tree's root.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{Metadata, Permissions};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use crate::tree::Tree;

/// Links followed on the way to one path, as Linux does (path_resolution(7)).
const MAX_LINKS: usize = 40;
/// What to do about a folder on the way that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Create,
    Refuse,
}

impl Tree {
    /// The real folder and the name of a path; nothing for the root itself.
    pub(crate) fn place(&self, path: &Path) -> Result<Option<(PathBuf, OsString)>, Error> {
        let mut names = names(path)?;
        let Some(name) = names.pop_back() else { return Ok(None) };
        Ok(Some((self.walk(names, Missing::Create)?, name)))
    }

    /// The real path of what is in the tree, through links; nothing is made.
    pub(crate) fn find(&self, path: &Path) -> Result<PathBuf, Error> {
        self.walk(names(path)?, Missing::Refuse)
    }

    /// The real path of a folder, through links; it is made when it is not there.
    pub(crate) fn reach(&self, path: &Path) -> Result<PathBuf, Error> {
        self.walk(names(path)?, Missing::Create)
    }

    /// Walks down from the root, name by name.
    fn walk(&self, mut names: VecDeque<OsString>, missing: Missing) -> Result<PathBuf, Error> {
        let mut folder = Vec::new();
        let mut links = 0;
        while let Some(name) = names.pop_front() {
            if name == ".." {
                folder.pop();
                continue;
            }
            let place = self.root().join(folder.iter().collect::<PathBuf>()).join(&name);
            match kind(&place)? {
                None if missing == Missing::Refuse => return Err(ErrorKind::NotFound.into()),
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
                Some(_) if missing == Missing::Refuse && names.is_empty() => folder.push(name),
                Some(_) => return Err(refused("a file is where a folder must be")),
            }
        }
        Ok(self.root().join(folder.iter().collect::<PathBuf>()))
    }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

/// What is at a path, not followed if it is a link; nothing when nothing is.
pub(crate) fn kind(path: &Path) -> Result<Option<Metadata>, Error> {
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
