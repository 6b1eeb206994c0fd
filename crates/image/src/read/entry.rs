//! One entry of a layer: what its headers say.

use std::borrow::Cow;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use tar::{Entry, EntryType, Header, PaxExtensions};

use super::limits;

/// A file as its header describes it, before its bytes are read.
#[derive(Debug, Clone, Copy)]
pub struct FileHead<'a> {
    /// Path in the image, without a slash at its begin.
    pub path: &'a str,
    /// Number of bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// When it was last changed, in seconds since 1970.
    pub modified: u64,
}

/// What an entry makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MemberKind {
    Folder,
    File(u64),
    /// Another name of a file; the path counts from the root.
    HardLink(String),
    SymbolicLink(String),
    /// A device or a pipe.
    Special,
}

/// An entry without its data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Without `.`, empty parts and slashes at either end; the root is empty.
    pub(crate) path: String,
    pub(crate) kind: MemberKind,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    /// Whether the file has capabilities (`security.capability`).
    pub(crate) has_capabilities: bool,
}

/// What headers before an entry say about it.
#[derive(Debug, Default)]
pub(super) struct Extended {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    uid: Option<u64>,
    gid: Option<u64>,
    has_capabilities: bool,
}

impl Extended {
    /// Takes an entry that only describes the next one; `false` for one that stands for itself.
    pub(super) fn take<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> io::Result<bool> {
        match entry.header().entry_type() {
            EntryType::GNULongName => self.path = Some(until_nul(data(entry)?)),
            EntryType::GNULongLink => self.link = Some(until_nul(data(entry)?)),
            EntryType::XHeader => self.records(&data(entry)?)?,
            EntryType::XGlobalHeader => {
                let mut global = Self::default();
                global.records(&data(entry)?)?;
                if global.path.is_some() || global.link.is_some() {
                    return Err(wrong("one path for all entries (a global extended header)"));
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn records(&mut self, data: &[u8]) -> io::Result<()> {
        for record in PaxExtensions::new(data) {
            let record = record?;
            let number = || record.value().ok().and_then(|value| value.parse().ok());
            match record.key_bytes() {
                b"path" => self.path = Some(record.value_bytes().to_vec()),
                b"linkpath" => self.link = Some(record.value_bytes().to_vec()),
                b"uid" => self.uid = number(),
                b"gid" => self.gid = number(),
                b"SCHILY.xattr.security.capability" => self.has_capabilities = true,
                // Larger than a header's field can say: no file of a sane image.
                b"size" => return Err(wrong("a file of 8 GiB or more")),
                _ => {}
            }
        }
        Ok(())
    }

    /// The entry that these headers and its own describe.
    pub(super) fn head(self, header: &Header) -> io::Result<Head> {
        let path = self.path.map_or_else(|| header.path_bytes(), Cow::Owned);
        let target = || self.link.or_else(|| header.link_name_bytes().map(Cow::into_owned)).unwrap_or_default();
        let kind = match header.entry_type() {
            EntryType::Directory => MemberKind::Folder,
            // Before there was a flag for folders, a slash at the end of a name made one.
            EntryType::Regular if path.ends_with(b"/") => MemberKind::Folder,
            EntryType::Regular | EntryType::Continuous => MemberKind::File(header.entry_size()?),
            EntryType::Link => MemberKind::HardLink(normal(&target())?),
            EntryType::Symlink => MemberKind::SymbolicLink(text(&target())?),
            EntryType::GNUSparse => return Err(wrong("a sparse file, which not every reader unpacks alike")),
            _ => MemberKind::Special,
        };
        Ok(Head {
            path: normal(&path)?,
            kind,
            mode: header.mode()? & 0o7777,
            uid: self.uid.map_or_else(|| header.uid(), Ok)?,
            gid: self.gid.map_or_else(|| header.gid(), Ok)?,
            has_capabilities: self.has_capabilities,
        })
    }
}

fn data<R: Read>(entry: &mut Entry<'_, R>) -> io::Result<Vec<u8>> {
    if entry.header().entry_size()? > limits::EXTENSION {
        return Err(wrong("an extended header of more than 1 MiB"));
    }
    let mut data = Vec::new();
    entry.read_to_end(&mut data)?;
    Ok(data)
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

/// Bytes of a name as text; those that are not UTF-8 are escaped.
fn text(bytes: &[u8]) -> io::Result<String> {
    if bytes.len() > limits::PATH {
        return Err(wrong("a path of more than 4096 bytes"));
    }
    Ok(std::str::from_utf8(bytes).map_or_else(|_| bytes.escape_ascii().to_string(), str::to_owned))
}

/// A path as [`Head::path`] has it.
pub(super) fn normal(bytes: &[u8]) -> io::Result<String> {
    let text = text(bytes)?;
    let mut path = String::with_capacity(text.len());
    for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            return Err(wrong("a path with `..`"));
        }
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(part);
    }
    Ok(path)
}

pub(super) fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
