//! What is in an image, path by path.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use image::{Descriptor, Digest, Layout};

/// One path of a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub mode: u32,
    pub owner: (u64, u64),
    /// Kind, and the content's hash or the link's target.
    pub content: String,
}

/// Paths without a slash at either end.
pub type Paths = BTreeMap<String, Entry>;

/// The entries of a tar stream; hard links are what they point to.
pub fn read_tar(stream: impl Read) -> Paths {
    let mut paths = Paths::new();
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = name(&entry.path_bytes());
        let header = entry.header().clone();
        let target = entry.link_name_bytes().map(|target| String::from_utf8_lossy(&target).into_owned());
        let kind = header.entry_type();
        let content = if kind.is_hard_link() {
            paths[&name(target.unwrap_or_default().as_bytes())].content.clone()
        } else if kind.is_symlink() {
            format!("link {}", target.unwrap_or_default())
        } else if kind.is_dir() {
            "folder".to_owned()
        } else {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            format!("{kind:?} {} bytes, {}", bytes.len(), &Digest::of(&bytes).hex()[..12])
        };
        let owner = (header.uid().unwrap(), header.gid().unwrap());
        paths.insert(path, Entry { mode: header.mode().unwrap() & 0o7777, owner, content });
    }
    paths
}

fn name(path: &[u8]) -> String {
    String::from_utf8_lossy(path).trim_start_matches("./").trim_matches('/').to_owned()
}

/// Hands over path and text of every JavaScript file of a tar stream.
pub fn each_program(stream: impl Read, mut on_program: impl FnMut(&str, &str)) {
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = name(&entry.path_bytes());
        if entry.header().entry_type().is_file() && [".js", ".cjs"].iter().any(|end| path.ends_with(end)) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            on_program(&path, &String::from_utf8_lossy(&bytes));
        }
    }
}

/// The descriptors of an image's layers in a layout, from the base up.
pub fn blobs(layout: &Path, tag: &str) -> Vec<Descriptor> {
    Layout::open(layout).unwrap().image(tag).unwrap().layers.iter().map(image::Layer::descriptor).collect()
}

/// A layer as a tar stream.
pub fn open(layout: &Path, blob: &Descriptor) -> impl Read + use<> {
    let file = File::open(Layout::open(layout).unwrap().blob(&blob.digest)).unwrap();
    flate2::read::MultiGzDecoder::new(file)
}

/// All that an image holds.
pub fn image(layout: &Path, tag: &str) -> Paths {
    let mut paths = Paths::new();
    for blob in blobs(layout, tag) {
        paths.extend(read_tar(open(layout, &blob)));
    }
    paths
}

/// What is in one and not in the other, or not the same.
pub fn differences(one: &Paths, other: &Paths) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, entry) in one {
        match other.get(path) {
            None => lines.push(format!("- {path}: {entry:?}")),
            Some(found) if found != entry => lines.push(format!("~ {path}: {entry:?} | {found:?}")),
            Some(_) => {}
        }
    }
    lines.extend(
        other.iter().filter(|(path, _)| !one.contains_key(*path)).map(|(path, entry)| format!("+ {path}: {entry:?}")),
    );
    lines
}

/// The digest of all that a stream gives.
pub fn digest(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Digest::of(&bytes).to_string()
}
