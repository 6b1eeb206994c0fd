//! Folders that several processes share: locks, and work that is whole or not there.

use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::failure::EngineError;
use crate::process::Interrupt;

/// How often a lock that another process holds is tried.
const POLL: Duration = Duration::from_millis(100);

/// Takes a lock; it is free again when the file is dropped, or its process ends.
///
/// # Errors
/// The file cannot be written, or the wait was interrupted.
pub(super) fn lock(file: &Path, interrupt: &Interrupt) -> Result<File, EngineError> {
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
pub(super) fn create(folder: &Path) -> Result<(), EngineError> {
    std::fs::create_dir_all(folder).map_err(EngineError::io(format!("creating {}", folder.display())))
}

/// Creates a folder that is readable for all, whatever the umask.
///
/// # Errors
/// The system refused.
pub(super) fn create_open(folder: &Path) -> Result<(), EngineError> {
    create(folder)?;
    let opened = std::fs::set_permissions(folder, Permissions::from_mode(0o755));
    opened.map_err(EngineError::io(format!("creating {}", folder.display())))
}

/// Removes a folder that may be there.
///
/// # Errors
/// The system refused.
pub(super) fn remove(folder: &Path) -> Result<(), EngineError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EngineError::io(format!("removing {}", folder.display()))(error))
        }
        _ => Ok(()),
    }
}

/// Gives a finished folder its name, in place of what may be there.
///
/// # Errors
/// The system refused.
pub(super) fn replace(finished: &Path, folder: &Path) -> Result<(), EngineError> {
    remove(folder)?;
    std::fs::rename(finished, folder).map_err(EngineError::io(format!("naming {}", folder.display())))
}
