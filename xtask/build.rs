//! Takes the sources of this workspace into the program, so that `vendor` works wherever the program is.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What a vendored copy consists of. Tests stay behind: nobody wants their planted secrets in a repository.
const PARTS: &[&str] =
    &["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "clippy.toml", "rustfmt.toml", "assets", "crates", "xtask"];

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let root = package.parent().ok_or("this package is in a workspace")?;
    let mut files = Vec::new();
    // A vendored copy is no workspace by itself, and passes nothing on.
    if root.join("Cargo.toml").is_file() {
        for part in PARTS {
            println!("cargo::rerun-if-changed={}", root.join(part).display());
            collect(&root.join(part), &mut files)?;
        }
    } else {
        println!("cargo::rerun-if-changed=build.rs");
    }
    files.sort();
    let mut list = String::from("[");
    for file in &files {
        let name = file.strip_prefix(root)?.to_str().ok_or("paths are UTF-8")?;
        write!(list, "({name:?}, include_str!({file:?})),")?;
    }
    list.push(']');
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("sources.rs"), list)?;
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(".");
        let is_test = path.is_dir() && name == "tests";
        if !is_test && !name.starts_with('.') && name != "target" {
            collect(&path, files)?;
        }
    }
    Ok(())
}
