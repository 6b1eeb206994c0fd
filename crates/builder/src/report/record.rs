//! What is kept of a build to compare the next one with, in the repository's state folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use image::LayerContents;
use serde::{Deserialize, Serialize};

use super::found::Found;
use crate::files::write_atomically;

/// Grows when what is kept changes its form.
const FORM: u32 = 1;

/// A build that succeeded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) form: u32,
    /// Name of its image.
    pub(crate) reference: String,
    /// When it ended, in seconds since 1970.
    pub(crate) ended: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Id of its image.
    pub(crate) image: String,
    /// Bytes of the image.
    pub(crate) size: u64,
    /// Seconds that each step took when it last ran.
    pub(crate) steps: BTreeMap<String, f64>,
    /// Digests of the image's layers, the lowest first.
    pub(crate) layers: Vec<String>,
    /// What is in those layers, as far as somebody asked.
    pub(crate) contents: Vec<LayerContents>,
    /// What was found when the image was built.
    pub(crate) findings: Vec<Found>,
}

impl Record {
    /// With the form of today.
    pub(crate) fn new() -> Self {
        Self { form: FORM, ..Self::default() }
    }

    /// What is in every layer; nothing when one was not looked at.
    pub(crate) fn whole_contents(&self) -> Option<&[LayerContents]> {
        let is_whole = !self.contents.is_empty() && self.contents.len() == self.layers.len();
        is_whole.then_some(self.contents.as_slice())
    }
}

/// The record of one engine's builds: those of another engine are no measure.
pub(crate) fn file(folder: &Path, engine: &str) -> PathBuf {
    folder.join(format!("previous-build-{engine}.json"))
}

/// What was read of the place of a record.
#[derive(Debug, PartialEq)]
pub(crate) enum Previous {
    /// There was no build.
    None,
    /// Something is there that cannot be read.
    Damaged,
    Known(Box<Record>),
}

/// Reads a record.
pub(crate) fn read(file: &Path) -> Previous {
    match std::fs::read(file) {
        Ok(text) => match serde_json::from_slice::<Record>(&text) {
            Ok(record) if record.form == FORM => Previous::Known(Box::new(record)),
            _ => Previous::Damaged,
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Previous::None,
        Err(_) => Previous::Damaged,
    }
}

/// Replaces a record.
pub(crate) fn write(file: &Path, record: &Record) -> Result<()> {
    write_atomically(file, &serde_json::to_vec(record)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_damage_is_told_from_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = file(folder.path(), "docker");
        assert_eq!(read(&place), Previous::None);
        let record = Record { seconds: 1.5, steps: BTreeMap::from([("install".to_owned(), 2.5)]), ..Record::new() };
        write(&place, &record).unwrap();
        assert_eq!(read(&place), Previous::Known(Box::new(record)));
        let text = std::fs::read_to_string(&place).unwrap();
        for damaged in [&text[..text.len() / 2], "", &text.replace("\"form\":1", "\"form\":0")] {
            std::fs::write(&place, damaged).unwrap();
            assert_eq!(read(&place), Previous::Damaged, "{damaged}");
        }
    }
}
