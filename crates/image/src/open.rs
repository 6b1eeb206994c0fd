//! Opening the files of an image. Whoever wrote the image chose what lies behind their names: opening a named
//! pipe would wait for ever, and a link could lead to any file of this machine.

use std::fs::{File, FileType};
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::error::ImageError;

/// Opens a file that somebody named, through links.
///
/// # Errors
/// It is not there, or no file.
pub(crate) fn open(path: &Path) -> Result<File, ImageError> {
    let found = match path.metadata() {
        Ok(found) => found.file_type(),
        Err(error) => return Err(refusal(path, error)),
    };
    if !found.is_file() {
        return Err(ImageError::unexpected(path, "a file", kind(found)));
    }
    File::open(path).map_err(ImageError::io("opening", path))
}

/// Opens a file of a folder; a link must stay in the folder.
///
/// # Errors
/// It is not there, no file, or elsewhere.
pub(crate) fn open_in(folder: &Path, name: &str) -> Result<File, ImageError> {
    let path = folder.join(name);
    let real = path.canonicalize().map_err(|error| refusal(&path, error))?;
    let folder = folder.canonicalize().map_err(ImageError::io("finding", folder))?;
    if !real.starts_with(&folder) {
        let found = format!("a link out of it, to {}", real.display());
        return Err(ImageError::unexpected(&path, format!("a file in {}", folder.display()), found));
    }
    open(&real).map_err(|error| match error {
        ImageError::Unexpected { expected, found, .. } => ImageError::unexpected(&path, expected, found),
        other => other,
    })
}

/// Why a path leads to no file: one that is not there is the image's fault, anything else the system's.
fn refusal(path: &Path, error: std::io::Error) -> ImageError {
    match error.kind() {
        ErrorKind::PermissionDenied => ImageError::io("opening", path)(error),
        _ if path.is_symlink() => ImageError::unexpected(path, "a file", "a link that leads nowhere"),
        ErrorKind::NotFound | ErrorKind::NotADirectory => ImageError::unexpected(path, "a file", "nothing"),
        _ => ImageError::io("opening", path)(error),
    }
}

fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        "a folder"
    } else if found.is_fifo() {
        "a named pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}
