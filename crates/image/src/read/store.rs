//! Where an image's files are: a folder, or the members of an uncompressed tar archive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tar::Archive;

use super::entry::{Extended, MemberKind, normal, wrong};
use super::limits;
use super::section::Section;
use crate::digest::Digest;
use crate::document::Descriptor;
use crate::error::ImageError;
use crate::layout::{blob_name, parse};
use crate::open::open_in;

/// The files of an image by name.
pub(crate) enum Store {
    Folder(PathBuf),
    Archive { file: Section, members: BTreeMap<String, Member> },
}

/// A member of an archive.
pub(crate) enum Member {
    /// Where its bytes are.
    File { start: u64, length: u64 },
    /// Docker before 25 writes a layer that it has twice as a link.
    Link(String),
}

impl Store {
    /// An archive: headers are read, what they describe is skipped.
    pub(super) fn archive(file: File, name: &Path) -> Result<Self, ImageError> {
        let file = Section::whole(file, name).map_err(ImageError::io("reading", name))?;
        let members = members(&file).map_err(|error| match error.raw_os_error() {
            Some(_) => ImageError::io("reading", name)(error),
            None => ImageError::unexpected(name, "an uncompressed tar archive with an image", error.to_string()),
        })?;
        Ok(Self::Archive { file, members })
    }

    /// What is there, for messages.
    pub(super) fn name(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            Self::Archive { file, .. } => &file.name,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(name).is_file(),
            Self::Archive { members, .. } => members.contains_key(name),
        }
    }

    /// The bytes of a file.
    pub(super) fn file(&self, name: &str) -> Result<Section, ImageError> {
        match self {
            Self::Folder(folder) => {
                let (opened, path) = (open_in(folder, name)?, folder.join(name));
                Section::whole(opened, &path).map_err(ImageError::io("reading", &path))
            }
            Self::Archive { file, members } => {
                let place = member(members, name);
                let (start, length) = place.ok_or_else(|| {
                    ImageError::unexpected(&file.name.join(name), "a member of the archive", "nothing")
                })?;
                Ok(file.part(start, length, name))
            }
        }
    }

    /// A blob's bytes; it is called by its digest.
    pub(super) fn blob(&self, digest: &Digest) -> Result<Section, ImageError> {
        self.file(&blob_name(digest))
    }

    /// A JSON document, and its digest.
    pub(crate) fn document<T: DeserializeOwned>(&self, name: &str) -> Result<(T, Digest), ImageError> {
        let data = self.file(name)?;
        let bytes = bytes(&data)?;
        Ok((parse(&data.name, &bytes)?, Digest::of(&bytes)))
    }

    /// A blob that is JSON, compared with its descriptor.
    pub(crate) fn described<T: DeserializeOwned>(&self, descriptor: &Descriptor) -> Result<T, ImageError> {
        let data = self.sized(descriptor)?;
        let bytes = bytes(&data)?;
        let digest = Digest::of(&bytes);
        if digest != descriptor.digest {
            return Err(ImageError::unexpected(&data.name, descriptor.digest.as_str(), digest.as_str()));
        }
        parse(&data.name, &bytes)
    }

    /// A blob's bytes, as many as its descriptor says.
    pub(super) fn sized(&self, descriptor: &Descriptor) -> Result<Section, ImageError> {
        let data = self.blob(&descriptor.digest)?;
        if data.length != descriptor.size {
            let (expected, found) = (format!("{} bytes", descriptor.size), format!("{} bytes", data.length));
            return Err(ImageError::unexpected(&data.name, expected, found));
        }
        Ok(data)
    }
}

/// The bytes of a JSON document of a sane size.
fn bytes(data: &Section) -> Result<Vec<u8>, ImageError> {
    if data.length > limits::DOCUMENT {
        let found = format!("{} bytes", data.length);
        return Err(ImageError::unexpected(&data.name, "at most 4 MiB of JSON", found));
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut data.reader(), &mut bytes).map_err(ImageError::io("reading", &data.name))?;
    Ok(bytes)
}

fn members(file: &Section) -> io::Result<BTreeMap<String, Member>> {
    let mut members = BTreeMap::new();
    let mut extended = Extended::default();
    let mut archive = Archive::new(file.reader());
    for entry in archive.entries_with_seek()?.raw(true) {
        let mut entry = entry?;
        if extended.take(&mut entry)? {
            continue;
        }
        let head = std::mem::take(&mut extended).head(entry.header())?;
        let member = match head.kind {
            MemberKind::File(length) => Member::File { start: entry.raw_file_position(), length },
            MemberKind::HardLink(target) => Member::Link(target),
            MemberKind::SymbolicLink(target) => Member::Link(beside(&head.path, &target)),
            MemberKind::Folder | MemberKind::Special => continue,
        };
        members.insert(head.path, member);
        if members.len() > limits::MEMBERS {
            return Err(wrong("more members than an image has"));
        }
    }
    if members.is_empty() { Err(wrong("no member")) } else { Ok(members) }
}

/// What a link in the folder of `path` leads to, when it stays in the archive.
fn beside(path: &str, target: &str) -> String {
    let mut place: Vec<&str> = path.split('/').collect();
    place.pop();
    for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            place.pop();
        } else {
            place.push(part);
        }
    }
    place.join("/")
}

fn member(members: &BTreeMap<String, Member>, name: &str) -> Option<(u64, u64)> {
    let mut name = normal(name.as_bytes()).ok()?;
    for _ in 0..=limits::LINKS {
        match members.get(&name)? {
            Member::File { start, length } => return Some((*start, *length)),
            Member::Link(target) => name.clone_from(target),
        }
    }
    None
}
