//! Where an image to look at is: in a folder, in a file, or in an engine.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use builder::state::shared_folder;
use image::{ImageError, StoredImage};
use process::{EngineError, Interrupt, Invocation};

use crate::exit::WrongUsage;
use crate::flags::RepositoryFlags;

/// A place that an image can be read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImageSource {
    /// `oci:DIR` or `oci:DIR:NAME`, an OCI image layout.
    Folder { folder: PathBuf, name: Option<String> },
    /// `oci-archive:FILE` or `docker-archive:FILE`.
    Archive(PathBuf),
    /// A name in Docker or Podman.
    Reference(String),
}

impl ImageSource {
    /// Reads what the command line names.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("oci", place)) => folder(place),
            Some(("oci-archive" | "docker-archive", file)) if Path::new(file).is_file() => {
                Ok(Self::Archive(file.into()))
            }
            Some(("oci-archive" | "docker-archive", file)) => {
                Err(WrongUsage::new(format!("{text}: there is no file {file}")).into())
            }
            _ if text.is_empty() || text.starts_with('-') => {
                Err(WrongUsage::new(format!("{text:?}: expected the name of an image")).into())
            }
            _ => Ok(Self::Reference(text.to_owned())),
        }
    }

    /// Opens the image. One in an engine is written to a file without a name, which is gone with this process.
    pub(crate) fn open(
        &self,
        flags: &RepositoryFlags,
        interrupt: &Interrupt,
    ) -> Result<Result<StoredImage, ImageError>> {
        Ok(match self {
            Self::Folder { folder, name } => StoredImage::in_folder(folder, name.as_deref()),
            Self::Archive(file) => {
                let opened = File::open(file).with_context(|| format!("opening {}", file.display()))?;
                StoredImage::in_archive(opened, file)
            }
            Self::Reference(name) => {
                let folder = shared_folder(flags.state_dir.as_deref())?;
                let doing = || format!("making a file in {}", folder.display());
                std::fs::create_dir_all(&folder).with_context(doing)?;
                let file = tempfile::tempfile_in(&folder).with_context(doing)?;
                save(name, &file, interrupt)?;
                StoredImage::in_archive(file, Path::new(name))
            }
        })
    }
}

/// A folder, and the name behind it: both may have colons.
fn folder(place: &str) -> Result<ImageSource> {
    let ends = place.match_indices(':').map(|(at, _)| at).chain([place.len()]);
    let found = ends.rev().find(|end| Path::new(&place[..*end]).is_dir()).filter(|end| *end > 0);
    let end = found.ok_or_else(|| WrongUsage::new(format!("oci:{place}: there is no folder {place}")))?;
    let name = place.get(end + 1..).filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(ImageSource::Folder { folder: place[..end].into(), name })
}

/// Writes the archive of an image by the first engine that has it.
fn save(name: &str, file: &File, interrupt: &Interrupt) -> Result<(), EngineError> {
    let mut details = Vec::new();
    for engine in ["docker", "podman"] {
        let programs: Vec<PathBuf> = which::which_all(engine).map(Iterator::collect).unwrap_or_default();
        if programs.is_empty() {
            details.push(format!("{engine}: not on the PATH"));
        }
        for program in programs {
            let target = file.try_clone().map_err(EngineError::io("sharing a file"))?;
            match Invocation::new(&program).args(["save", name]).write_to(target, interrupt) {
                Ok(()) => return Ok(()),
                Err(EngineError::Interrupted) => return Err(EngineError::Interrupted),
                Err(EngineError::Failed { tail, .. }) => {
                    details.push(format!("{}: {}", program.display(), tail.last().map_or("", String::as_str)));
                }
                Err(error) => details.push(format!("{}: {error}", program.display())),
            }
        }
    }
    details.dedup();
    Err(EngineError::Missing {
        what: format!("no engine on this machine has the image {name}"),
        details,
        hint: "build or pull it, or name a file: oci:DIR, oci-archive:FILE, docker-archive:FILE".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_may_have_a_name_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display();
        let parse = |text: String| ImageSource::parse(&text).unwrap();
        let expected = |name: Option<&str>| ImageSource::Folder {
            folder: folder.path().to_owned(),
            name: name.map(str::to_owned),
        };
        assert_eq!(parse(format!("oci:{place}")), expected(None));
        assert_eq!(parse(format!("oci:{place}:a:1")), expected(Some("a:1")));
        assert_eq!(parse("host:5000/a:1".to_owned()), ImageSource::Reference("host:5000/a:1".to_owned()));
        for wrong in ["", "--help", "oci:/no/such/folder", "oci:", "docker-archive:/no/such/file"] {
            assert!(ImageSource::parse(wrong).unwrap_err().is::<WrongUsage>(), "{wrong}");
        }
    }
}
