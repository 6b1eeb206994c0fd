//! What was read of a layer, kept between builds: an edit changes a layer of some kilobytes, and those below it
//! need not be read again.
//!
//! Of installed packages only that is kept which a check could object to, or needs to know of; and how large each is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use diagnostics::{Baseline, BaselineResult, Finding};
use serde_json::{from_str, to_string};

use super::checks::CHECKS;
use super::contents::{LayerContents, Share, shares};
use super::context::Context;
use super::notes::{self, Content, Note};
use super::{Budget, apply_baseline, damage};
use crate::digest::Digest;
use crate::error::ImageError;
use crate::layout::{persist, unfinished};
use crate::read::{Entries, Head, MemberKind, Memory, StoredImage, StoredLayer, read_layer};
use crate::sbom::{Inventory, inventory};

/// Grows when equal layers give other notes than before, or a check looks at more of them.
const FORM: u32 = 3;
/// Rights that every file has, and those that none should have.
const READ_BY_ALL: u32 = 0o444;
const ENTERED_BY_ALL: u32 = 0o555;
const UNUSUAL: u32 = 0o7002;

/// What is kept of a layer: the entries that matter, and what its bytes belong to.
type Noted = (Entries<Note>, Vec<Share>);

/// A folder with what was read of layers.
#[derive(Debug, Clone)]
pub struct LayerNotes {
    folder: PathBuf,
}

impl LayerNotes {
    /// The notes in a folder, which is made when it is needed.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// What the image holds, for documents about it: of its layers, as [`LayerNotes::verify`] left them, or read now.
    ///
    /// # Errors
    /// The image is damaged, or the disk refused.
    pub fn inventory(&self, image: &StoredImage) -> Result<Inventory, ImageError> {
        let memory = Memory::new();
        let tree = image.read_by(&|layer| self.layer(layer, &memory))?;
        Ok(inventory(&image.config, &tree))
    }

    /// What is in each layer, the lowest first: as [`LayerNotes::verify`] left it, or read now.
    ///
    /// # Errors
    /// As [`LayerNotes::inventory`].
    pub fn contents(&self, image: &StoredImage) -> Result<Vec<LayerContents>, ImageError> {
        let memory = Memory::new();
        let contents = |layer| Ok(LayerContents::new(layer, self.noted(layer, &memory)?.1));
        image.layers.iter().map(contents).collect()
    }

    /// The findings about an image, whose layers are read only where they are new. Notes of other images' layers
    /// are forgotten.
    ///
    /// # Errors
    /// The disk refused. An image that is damaged is a finding.
    pub fn verify(
        &self,
        subject: &str,
        image: &StoredImage,
        budget: &Budget,
        accepted: &Baseline,
    ) -> Result<BaselineResult, ImageError> {
        let memory = Memory::new();
        let tree = match image.read_by(&|layer| self.layer(layer, &memory)) {
            Ok(tree) => tree,
            Err(error) => return Ok(apply_baseline(subject, vec![damage(subject, error)?], accepted)),
        };
        self.forget_others(image);
        let context = Context { subject, config: &image.config, tree: &tree, budget };
        let found: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&context)).collect();
        Ok(apply_baseline(subject, found, accepted))
    }

    fn file(&self, layer: &StoredLayer) -> PathBuf {
        self.folder.join(format!("{}.json", layer.diff_id.hex()))
    }

    fn layer(&self, layer: &StoredLayer, memory: &Memory) -> Result<Entries<Note>, ImageError> {
        Ok(self.noted(layer, memory)?.0)
    }

    fn noted(&self, layer: &StoredLayer, memory: &Memory) -> Result<Noted, ImageError> {
        let file = self.file(layer);
        if let Some(known) = fs::read_to_string(&file).ok().and_then(|text| intact(&text)) {
            return Ok(known);
        }
        let entries = read_layer(layer, &|head, data| notes::inspect(head, data, memory))?;
        let shares = shares(&entries);
        let noted = (condensed(entries), shares);
        self.keep(&file, &noted)?;
        Ok(noted)
    }

    fn keep(&self, file: &Path, (entries, shares): &Noted) -> Result<(), ImageError> {
        fs::create_dir_all(&self.folder).map_err(ImageError::io("making the folder", &self.folder))?;
        let text = to_string(&(FORM, entries, shares)).unwrap_or_default();
        let written = unfinished(&self.folder)?;
        fs::write(written.path(), format!("{}\n{text}", Digest::of(text.as_bytes()).as_str()))
            .map_err(ImageError::io("writing", file))?;
        persist(written, file)
    }

    fn forget_others(&self, image: &StoredImage) {
        let kept: BTreeSet<PathBuf> = image.layers.iter().map(|layer| self.file(layer)).collect();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| !kept.contains(path)) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The entries and shares, when the text is as it was written: its first line is the digest of the rest.
fn intact(text: &str) -> Option<Noted> {
    let (digest, text) = text.split_once('\n')?;
    let is_intact = Digest::of(text.as_bytes()).as_str() == digest;
    let (form, entries, shares): (u32, _, _) = is_intact.then(|| from_str(text).ok()).flatten()?;
    (form == FORM).then_some((entries, shares))
}

/// The entries without those of installed packages that no check could object to, and no list of packages needs.
fn condensed(mut entries: Entries<Note>) -> Entries<Note> {
    let package = |note: &Option<Note>| match note.as_ref().map(|note| &note.content) {
        Some(Content::Package(package)) if package.makes_addon => Some(package.name.clone()),
        _ => None,
    };
    let makers: BTreeSet<String> = entries.iter().filter_map(|(_, note)| package(note)).collect();
    for (_, note) in &mut entries {
        if let Some(Note { content: Content::Package(package), .. }) = note {
            package.needs.retain(|name| makers.contains(name));
        }
    }
    entries.retain(|(head, note)| !is_usual(head, note.as_ref()));
    entries
}

/// Whether nothing about an entry matters to any check.
fn is_usual(head: &Head, note: Option<&Note>) -> bool {
    let name = head.path.rsplit('/').next().unwrap_or_default();
    let has_usual_rights = match head.kind {
        MemberKind::Folder => head.mode & ENTERED_BY_ALL == ENTERED_BY_ALL,
        MemberKind::File(_) => head.mode & READ_BY_ALL == READ_BY_ALL,
        MemberKind::HardLink(_) | MemberKind::SymbolicLink(_) | MemberKind::Special => false,
    };
    let says_nothing = note.is_none_or(|note| match &note.content {
        Content::Other => note.secrets.is_empty(),
        // One within a package, beside its scripts, has no name.
        Content::Package(package) => {
            let is_listed = !package.name.is_empty() && !package.version.is_empty();
            !is_listed && !package.makes_addon && package.needs.is_empty()
        }
        _ => false,
    });
    is_installed(&head.path)
        && has_usual_rights
        && head.mode & UNUSUAL == 0
        && !head.has_capabilities
        && says_nothing
        && !super::checks::is_leftover(&head.path)
        && ![".so", ".yaml", ".yml", "app-config"].iter().any(|part| name.contains(part))
        && !name.starts_with(".wh.")
}

/// Whether a path is inside an installed package of npm.
fn is_installed(path: &str) -> bool {
    path.match_indices("node_modules/").any(|(at, _)| at == 0 || path[..at].ends_with('/'))
}
