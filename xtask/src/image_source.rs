//! An image to look at, as a command line names it: in files, or in an engine.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use builder::state::shared_folder;
use image::{ImageError, ImageSource, StoredImage};
use process::{EngineError, Interrupt, Invocation};

use crate::exit::WrongUsage;
use crate::flags::RepositoryFlags;

/// Reads what the command line names. Whether there is such an image is found out when it is opened.
pub(crate) fn parse(text: &str) -> Result<ImageSource> {
    let source = ImageSource::parse(text);
    let is_nothing = source.path().is_some_and(|path| path.as_os_str().is_empty());
    if is_nothing || text.is_empty() || text.starts_with('-') {
        return Err(WrongUsage::new(format!("{text:?}: expected the name of an image")).into());
    }
    Ok(source)
}

/// Opens the image. One in an engine is written to a file without a name, which is gone with this process. An image
/// that is not there or damaged is the inner error.
pub(crate) fn open(
    source: &ImageSource,
    flags: &RepositoryFlags,
    interrupt: &Interrupt,
) -> Result<Result<StoredImage, ImageError>> {
    if let Some(opened) = StoredImage::open(source).transpose() {
        return Ok(opened);
    }
    let name = &source.to_string();
    let folder = shared_folder(flags.state_dir.as_deref())?;
    let doing = || format!("making a file in {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(doing)?;
    let file = tempfile::tempfile_in(&folder).with_context(doing)?;
    save(name, &file, interrupt)?;
    Ok(StoredImage::in_archive(file, Path::new(name)))
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
    fn no_name_is_wrong_usage_and_a_missing_image_is_not() {
        for wrong in ["", "--help", "oci:", "oci-archive:", "docker-archive:"] {
            assert!(parse(wrong).unwrap_err().is::<WrongUsage>(), "{wrong}");
        }
        for missing in ["oci:/no/such/folder", "docker-archive:/no/such/file"] {
            let error = StoredImage::open(&parse(missing).unwrap()).unwrap_err();
            assert!(matches!(error, ImageError::Unexpected { .. }), "{error}");
        }
        assert!(StoredImage::open(&parse("host:5000/a:1").unwrap()).unwrap().is_none());
    }
}
