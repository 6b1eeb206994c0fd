//! Files and folders that several processes share: locks, and work that is whole or not there.

use std::fs::{File, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::failure::EngineError;
use crate::invocation::Interrupt;

/// How often a lock that another process holds is tried.
const POLL: Duration = Duration::from_millis(100);

/// Takes a lock; it is free again when the file is dropped, or its process ends.
///
/// # Errors
/// The file cannot be written, or the wait was interrupted.
pub fn lock(file: &Path, interrupt: &Interrupt) -> Result<File, EngineError> {
    let locking = || EngineError::io(format!("locking {}", file.display()));
    let lock = File::create(file).map_err(locking())?;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if interrupt.is_set() => return Err(EngineError::Interrupted),
            Err(TryLockError::WouldBlock) => std::thread::sleep(POLL),
            Err(TryLockError::Error(error)) => return Err(locking()(error)),
        }
    }
}

/// Creates a folder and those above it.
///
/// # Errors
/// The system refused.
pub fn create(folder: &Path) -> Result<(), EngineError> {
    std::fs::create_dir_all(folder).map_err(EngineError::io(format!("creating {}", folder.display())))
}

/// Creates a folder that is readable for all, whatever the umask.
///
/// # Errors
/// The system refused.
pub fn create_open(folder: &Path) -> Result<(), EngineError> {
    create(folder)?;
    let opened = std::fs::set_permissions(folder, Permissions::from_mode(0o755));
    opened.map_err(EngineError::io(format!("creating {}", folder.display())))
}

/// Makes an empty folder, in place of whatever is there.
///
/// # Errors
/// The system refused.
pub fn empty(folder: &Path) -> Result<(), EngineError> {
    remove(folder)?;
    create(folder)
}

/// Removes a file or a folder that may be there, as [`remove_tree`].
///
/// # Errors
/// The system refused.
pub fn remove(path: &Path) -> Result<(), EngineError> {
    remove_tree(path).map_err(EngineError::io(format!("removing {}", path.display())))
}

/// Removes a file or a folder with all in it, and nothing else: links are not followed. A folder that its
/// owner may not enter is opened first. Nothing there is fine.
///
/// # Errors
/// The system refused.
pub fn remove_tree(path: &Path) -> std::io::Result<()> {
    match remove_once(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open(path);
            remove_once(path)
        }
        other => other,
    }
}

fn remove_once(path: &Path) -> std::io::Result<()> {
    let metadata = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if metadata.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
}

fn open(path: &Path) {
    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        let _ = std::fs::set_permissions(path, Permissions::from_mode(0o700));
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            open(&entry.path());
        }
    }
}

/// Writes to a temporary name first: a reader sees the old file or the new. For a file whose only writer
/// holds a lock.
///
/// # Errors
/// The system refused.
pub fn write(file: &Path, bytes: &[u8]) -> Result<(), EngineError> {
    let partial = file.with_extension("partial");
    let written = std::fs::write(&partial, bytes).and_then(|()| std::fs::rename(&partial, file));
    written.map_err(EngineError::io(format!("writing {}", file.display())))
}

/// Gives a finished folder its name, in place of what may be there.
///
/// # Errors
/// The system refused.
pub fn replace(finished: &Path, folder: &Path) -> Result<(), EngineError> {
    remove(folder)?;
    std::fs::rename(finished, folder).map_err(EngineError::io(format!("naming {}", folder.display())))
}
