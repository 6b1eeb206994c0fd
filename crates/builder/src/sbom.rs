//! Lists of what an image is made of, in files.

use std::path::{Path, PathBuf};

use anyhow::Result;
use diagnostics::WrongUsage;
use image::sbom::{Inventory, NamedImage, SbomFormat, document};
use serde_json::json;

use crate::console::Console;
use crate::files::write_atomically;

/// Whether the files can be written, known before a long build.
///
/// # Errors
/// One cannot.
pub fn check(option: &str, files: &[PathBuf]) -> Result<()> {
    for file in files {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() || file.is_dir() {
            let found = if file.is_dir() { "a folder" } else { "no folder to write it to" };
            return Err(WrongUsage::new(format!(
                "{option} {}: found {found}, expected the name of a file",
                file.display()
            ))
            .into());
        }
    }
    Ok(())
}

/// Writes each file in the form that its name asks for.
///
/// # Errors
/// A file cannot be written.
pub fn write(files: &[PathBuf], subject: &NamedImage, inventory: &Inventory, console: &dyn Console) -> Result<()> {
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let format = SbomFormat::of_file(&name);
        write_atomically(file, &document(format, subject, inventory))?;
        console
            .message("sbom", json!({ "file": file, "media_type": format.media_type(), "components": inventory.len() }));
        console.line(&format!("{}: {} components", file.display(), inventory.len()));
    }
    Ok(())
}
