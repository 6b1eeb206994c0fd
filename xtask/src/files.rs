//! Writing files so that nobody ever sees half of one.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use diagnostics::hexadecimal;
use sha2::{Digest, Sha256};

/// Writes a file under a temporary name beside it, then renames.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder).with_context(doing)?;
    set_usual_mode(file.as_file()).with_context(doing)?;
    file.write_all(content).with_context(doing)?;
    file.persist(path).map_err(|error| error.error).with_context(doing)?;
    Ok(())
}

/// The same, and makes the folders above it.
pub(crate) fn write_with_folders(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    write_atomically(path, content)
}

/// Temporary files are private; what is committed is not.
#[cfg(unix)]
fn set_usual_mode(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_usual_mode(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// SHA-256 of a file's content, in hexadecimal.
pub(crate) fn sha256(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// SHA-256 of texts one after the other, in hexadecimal.
pub(crate) fn sha256_of<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text);
        hash.update([0]);
    }
    hexadecimal(&hash.finalize())
}
