//! What one pass over an archive collects: its entries, the manifests and a digest of the lockfile.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{SecretShape, scan_for_secrets};
use javascript::Script;
use monorepo::LOCKFILE;
use serde_json::Value;

use crate::entry::{Entry, EntryKind};
use crate::limits::Limits;
use crate::reader::{Payload, Sink, Want};
use crate::sources::{Sources, StaleSources};

/// The files of an archive that are kept.
#[derive(Debug, Default)]
pub(crate) struct ContentRequest<'a> {
    /// Manifests, by path.
    pub(crate) manifests: BTreeSet<String>,
    /// Other files, as bytes.
    pub(crate) documents: BTreeSet<String>,
    /// Folders of packages whose scripts Node runs.
    pub(crate) packages: Vec<String>,
    /// What source maps are compared with.
    pub(crate) sources: Option<Sources<'a>>,
}

impl ContentRequest<'_> {
    /// Whether Node may run this file.
    fn is_script(&self, path: &str) -> bool {
        let is_below = |folder: &String| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        [".js", ".cjs", ".mjs"].iter().any(|end| path.ends_with(end)) && self.packages.iter().any(is_below)
    }
}

/// A manifest as the archive has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Manifest {
    /// Its bytes, and what they say: a JSON object, or why they are none.
    Read { bytes: Vec<u8>, json: Result<Value, String> },
    /// Too large to be held in memory.
    TooLarge,
}

impl Manifest {
    fn parse(bytes: Vec<u8>) -> Self {
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let json = match serde_json::from_slice::<Value>(text) {
            Ok(value) if value.is_object() => Ok(value),
            Ok(_) => Err("JSON that is not an object".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        Self::Read { bytes, json }
    }

    /// What it says, when it is a JSON object.
    pub(crate) fn json(&self) -> Option<&Value> {
        match self {
            Self::Read { json: Ok(value), .. } => Some(value),
            Self::Read { .. } | Self::TooLarge => None,
        }
    }
}

/// Files that a limit kept from being looked at.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// The first of them.
    pub(crate) first: String,
    pub(crate) count: usize,
}

impl Skipped {
    pub(crate) fn add(&mut self, path: &str) {
        if self.count == 0 {
            path.clone_into(&mut self.first);
        }
        self.count += 1;
    }
}

/// Everything kept of one archive.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// In the archive's order.
    pub(crate) entries: Vec<Entry>,
    /// The wanted manifests by path.
    pub(crate) manifests: BTreeMap<String, Manifest>,
    /// The wanted documents by path; one that is too large is not here.
    pub(crate) documents: BTreeMap<String, Vec<u8>>,
    /// Paths of text files that seem to hold secrets.
    pub(crate) secrets: BTreeMap<String, Vec<SecretShape>>,
    /// Scripts that ask for something or are broken, by path.
    pub(crate) scripts: BTreeMap<String, Script>,
    /// Sources that source maps hold otherwise than the repository.
    pub(crate) stale: StaleSources,
    /// Files that were not searched for secrets.
    pub(crate) unsearched: Skipped,
    /// Source maps whose sources were not compared.
    pub(crate) uncompared: Skipped,
    /// SHA-256 of `yarn.lock` at the root.
    pub(crate) lockfile: Option<Vec<u8>>,
    /// Indices into `entries`, sorted by path, then by the archive's order.
    by_path: Vec<usize>,
}

impl Content {
    /// Entries sorted by path.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = &Entry> {
        self.by_path.iter().map(|index| &self.entries[*index])
    }

    /// All entries with this path.
    pub(crate) fn at(&self, path: &str) -> impl Iterator<Item = &Entry> {
        self.from(path).take_while(move |entry| entry.path == path)
    }

    /// Whether there is a file, or a link that stands for one, at this path.
    pub(crate) fn has_file(&self, path: &str) -> bool {
        self.at(path).any(is_file_or_link)
    }

    /// Whether there is a file somewhere below this folder.
    pub(crate) fn has_files_under(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.from(&prefix).take_while(|entry| entry.path.starts_with(&prefix)).any(is_file_or_link)
    }

    /// Whether there is a file whose path has this start and end, such as a pattern of `exports` means.
    pub(crate) fn has_file_between(&self, start: &str, end: &str) -> bool {
        let fits = |entry: &&Entry| entry.path.len() >= start.len() + end.len() && entry.path.ends_with(end);
        self.from(start).take_while(|entry| entry.path.starts_with(start)).filter(fits).any(is_file_or_link)
    }

    /// Whether a plain file has this path.
    pub(crate) fn has_plain_file(&self, path: &str) -> bool {
        self.at(path).any(|entry| entry.kind == EntryKind::File)
    }

    /// Size of all files.
    pub(crate) fn unpacked_bytes(&self) -> u64 {
        self.entries.iter().filter(|entry| entry.kind == EntryKind::File).map(|entry| entry.size).sum()
    }

    fn from(&self, path: &str) -> impl Iterator<Item = &Entry> {
        let start = self.by_path.partition_point(|index| self.entries[*index].path.as_str() < path);
        self.by_path[start..].iter().map(|index| &self.entries[*index])
    }
}

fn is_file_or_link(entry: &Entry) -> bool {
    matches!(entry.kind, EntryKind::File | EntryKind::HardLink(_) | EntryKind::SymbolicLink(_))
}

/// Collects a [`Content`].
pub(crate) struct Collector<'a> {
    content: Content,
    wanted: &'a ContentRequest<'a>,
    limits: Limits,
    /// Bytes of manifests and documents that may still be held.
    left: u64,
    /// Bytes that may still be searched.
    searchable: u64,
    /// Bytes of scripts that may still be read.
    readable: u64,
    /// Bytes that may still be held of what scripts ask for.
    asked: u64,
    /// Bytes of source maps that may still be read.
    comparable: u64,
}

impl<'a> Collector<'a> {
    /// Keeps these files.
    pub(crate) fn new(wanted: &'a ContentRequest<'a>, limits: Limits) -> Self {
        Self {
            content: Content::default(),
            wanted,
            limits,
            left: limits.manifests,
            searchable: limits.searched_together,
            readable: limits.scripts,
            asked: limits.asked,
            comparable: limits.source_maps,
        }
    }

    /// What the sources in this source map are compared with, if they are.
    fn sources(&self, path: &str) -> Option<&'a Sources<'a>> {
        self.wanted.sources.as_ref().filter(|sources| sources.are_in(path))
    }

    /// Looks for secrets, where a file is not too large; source maps repeat what the scripts have.
    fn search(&mut self, entry: &Entry, bytes: &[u8]) {
        if entry.size > self.limits.searched || entry.path.ends_with(".map") {
            return;
        }
        self.searchable = self.searchable.saturating_sub(entry.size);
        let found = scan_for_secrets(&entry.path, bytes);
        if !found.is_empty() {
            self.content.secrets.insert(entry.name.clone(), found);
        }
    }

    /// Reads a script, and keeps what it asks for.
    fn read(&mut self, entry: &Entry, bytes: &[u8]) {
        if !self.wanted.is_script(&entry.path) {
            return;
        }
        if entry.size > self.limits.script.min(self.readable) {
            return self.keep_script(entry, Script::unread());
        }
        self.readable -= entry.size;
        let script = Script::read(bytes);
        self.keep_script(entry, script);
    }

    fn keep_script(&mut self, entry: &Entry, script: Script) {
        if !script.is_plain() && script.weight() <= self.asked {
            self.asked -= script.weight();
            self.content.scripts.insert(entry.path.clone(), script);
        }
    }

    /// Remembers what a limit kept from being looked at.
    fn skip(&mut self, entry: &Entry) {
        let is_map = entry.path.ends_with(".map");
        let skipped = if is_map { &mut self.content.uncompared } else { &mut self.content.unsearched };
        skipped.add(&entry.name);
        if self.wanted.is_script(&entry.path) {
            self.keep_script(entry, Script::unread());
        }
    }

    fn keep(&mut self, path: &str, bytes: Vec<u8>) {
        let size = bytes.len() as u64;
        if self.wanted.manifests.contains(path) {
            self.left = self.left.saturating_sub(size);
            self.content.manifests.insert(path.to_owned(), Manifest::parse(bytes));
        } else if self.wanted.documents.contains(path) {
            self.left = self.left.saturating_sub(size);
            self.content.documents.insert(path.to_owned(), bytes);
        }
    }

    pub(crate) fn finish(self) -> Content {
        let mut content = self.content;
        let mut by_path: Vec<usize> = (0..content.entries.len()).collect();
        by_path.sort_by(|a, b| content.entries[*a].path.cmp(&content.entries[*b].path));
        content.by_path = by_path;
        content
    }
}

impl Sink for Collector<'_> {
    fn wants(&self, entry: &Entry) -> Want {
        if entry.path == LOCKFILE {
            Want::Digest
        } else if self.wanted.manifests.contains(&entry.path) {
            Want::Bytes(self.limits.manifest.min(self.left))
        } else if self.wanted.documents.contains(&entry.path) {
            Want::Bytes(self.left)
        } else if !entry.path.ends_with(".map") {
            Want::Bytes(self.limits.searched.min(self.searchable))
        } else if self.sources(&entry.path).is_some() {
            Want::Bytes(self.limits.source_map.min(self.comparable))
        } else {
            Want::Nothing
        }
    }

    fn accept(&mut self, entry: Entry, payload: Payload) {
        match payload {
            Payload::Nothing => {}
            Payload::Digest(digest) => self.content.lockfile = Some(digest),
            Payload::Bytes(bytes) => {
                self.search(&entry, &bytes);
                self.read(&entry, &bytes);
                if let Some(sources) = self.sources(&entry.path) {
                    self.comparable = self.comparable.saturating_sub(entry.size);
                    sources.compare(&entry.path, &bytes, &mut self.content.stale);
                }
                self.keep(&entry.path, bytes);
            }
            Payload::TooLarge if self.wanted.manifests.contains(&entry.path) => {
                self.content.manifests.insert(entry.path.clone(), Manifest::TooLarge);
            }
            Payload::TooLarge => self.skip(&entry),
        }
        self.content.entries.push(entry);
    }
}
