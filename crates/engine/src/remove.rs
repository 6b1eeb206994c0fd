//! Removing trees that build steps left.

use std::io::ErrorKind;
use std::path::Path;

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

#[cfg(unix)]
fn open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700));
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            open(&entry.path());
        }
    }
}

#[cfg(not(unix))]
fn open(_path: &Path) {}
