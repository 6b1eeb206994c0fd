//! The config schemas of an app. Backstage redacts secrets by them, so a lost schema is a leak
//! (`collectConfigSchemas` of `@backstage/config-loader`: a `configSchema` is a value in the manifest, or
//! the path of a `.json` or `.d.ts` file beside it).

use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest as _, Sha256};

use super::manifest::Package;
use crate::digest::Digest;
use crate::error::ImageError;
use crate::layer_files::{Content, EntryKind, LayerFiles};

/// The set of schemas, before anything is left out.
#[derive(Debug)]
pub(super) struct Schemas {
    /// The files that make up the set, relative to the app's root, with their places on the host; sorted.
    files: Vec<(PathBuf, PathBuf)>,
    digest: Digest,
    /// Whether one is written in TypeScript.
    pub(super) in_typescript: bool,
}

impl Schemas {
    pub(super) fn of(packages: &[Package]) -> Result<Self, ImageError> {
        let with_schema = packages.iter().filter(|package| package.config_schema.is_some());
        let mut files: Vec<_> = with_schema
            .flat_map(|package| {
                let names = ["package.json".to_owned()].into_iter().chain(package.schema_file());
                names.map(|name| (package.target.join(&name), package.host.join(name)))
            })
            .collect();
        files.sort();
        let digest = digest(&files, |(_, host)| match fs::read(host) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(ImageError::io("reading", host)),
        })?;
        let in_typescript = packages.iter().filter_map(Package::schema_file).any(|file| file.ends_with(".d.ts"));
        Ok(Self { files, digest, in_typescript })
    }

    /// Whether the layers hold the same set below `app`.
    pub(super) fn verify(&self, layers: &[&LayerFiles], app: &Path) -> Result<(), ImageError> {
        let find = |target: &Path| layers.iter().rev().find_map(|files| files.get(app.join(target)));
        let found = digest(&self.files, |(target, _)| match find(target).map(|entry| &entry.kind) {
            Some(EntryKind::File { content: Content::Bytes(bytes), .. }) => Ok(Some(bytes.clone())),
            Some(EntryKind::File { content: Content::Path(path), .. }) => {
                fs::read(path).map(Some).map_err(ImageError::io("reading", path))
            }
            _ => Ok(None),
        })?;
        if found == self.digest {
            return Ok(());
        }
        let is_lost = |(target, host): &&(PathBuf, PathBuf)| host.exists() && find(target).is_none();
        let lost = self.files.iter().find(is_lost).map(|(target, _)| app.join(target));
        let (expected, found) = (format!("config schemas with the digest {}", self.digest), found.to_string());
        Err(ImageError::unexpected(&lost.unwrap_or_else(|| app.to_owned()), expected, found))
    }
}

type File = (PathBuf, PathBuf);

fn digest(files: &[File], read: impl Fn(&File) -> Result<Option<Vec<u8>>, ImageError>) -> Result<Digest, ImageError> {
    let mut hash = Sha256::new();
    for file in files {
        let text = match read(file)? {
            Some(bytes) => Digest::of(&bytes).to_string(),
            None => "missing".to_owned(),
        };
        hash.update(format!("{}\0{text}\n", file.0.display()));
    }
    Ok(Digest::finish(hash))
}
