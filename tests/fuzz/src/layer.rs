//! Arbitrary layers of an image, unpacked to be run.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use arbitrary::Arbitrary;
use image::{Digest, ImageSpec, Layer, Layout, StoredImage};
use tar::{EntryType, Header};
use tempfile::TempDir;

use crate::words::Words;

/// Media type of a layer that is not compressed.
const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";

/// The layers of an image, the lowest first.
#[derive(Debug, Arbitrary)]
pub struct Image(Vec<Vec<Entry>>);

#[derive(Debug, Arbitrary)]
struct Entry {
    kind: Kind,
    path: Words,
    target: Words,
    mode: u16,
    modified: u64,
    data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Kind {
    File,
    Folder,
    SymbolicLink,
    HardLink,
    Other(u8),
}

/// Unpacks the layers; whatever they hold, nothing is made, changed or removed outside of the folder.
pub fn layer(image: &Image) {
    let scratch = TempDir::new().expect("a folder to unpack to");
    let outside = scratch.path().join("outside");
    fs::write(&outside, "intact").expect("a file outside");
    let stored = stored(image, &scratch.path().join("layout"));
    let (root, kept) = (scratch.path().join("root"), scratch.path().join("kept"));
    if let Err(error) = rootfs::unpack_layers(&stored.layers, &kept, &root) {
        assert!(!error.to_string().contains("Read-only file system"), "{error}");
    }
    let expected = ["kept", "layout", "outside", "root"];
    assert!(names(scratch.path()).iter().all(|name| expected.contains(&name.as_str())));
    assert_eq!(fs::read_to_string(&outside).expect("the file outside"), "intact");
    assert_eq!(fs::metadata(&outside).expect("the file outside").nlink(), 1);
    process::remove_tree(&root).expect("what was unpacked can be removed");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The image in a layout, so that its layers are read as any are.
fn stored(image: &Image, folder: &Path) -> StoredImage {
    let layout = Layout::create(folder).expect("a layout");
    let write = |entries: &Vec<Entry>| {
        let bytes = archive(entries);
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        fs::write(layout.blob(&digest), bytes).expect("a place for the layer");
        Layer { diff_id: digest.clone(), digest, media_type: PLAIN.to_owned(), size, uncompressed_size: None }
    };
    let spec = ImageSpec { layers: image.0.iter().map(write).collect(), ..ImageSpec::default() };
    StoredImage::unnamed(&layout, &spec).expect("the layers in the layout")
}

fn archive(layer: &[Entry]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for entry in layer {
        let data: &[u8] = if matches!(entry.kind, Kind::File | Kind::Other(_)) { &entry.data } else { &[] };
        archive.append(&entry.header(data), data).expect("memory takes everything");
    }
    archive.into_inner().expect("memory takes everything")
}

impl Entry {
    fn header(&self, data: &[u8]) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(match self.kind {
            Kind::File => EntryType::Regular,
            Kind::Folder => EntryType::Directory,
            Kind::SymbolicLink => EntryType::Symlink,
            Kind::HardLink => EntryType::Link,
            Kind::Other(byte) => EntryType::new(byte),
        });
        header.set_mode(u32::from(self.mode));
        header.set_mtime(self.modified);
        header.set_size(data.len() as u64);
        if let Some(fields) = header.as_gnu_mut() {
            put(&mut fields.name, &self.path);
            put(&mut fields.linkname, &self.target);
        }
        header.set_cksum();
        header
    }
}

/// As much of the text as there is room for.
fn put(field: &mut [u8], words: &Words) {
    field.iter_mut().zip(words.text().bytes()).for_each(|(place, byte)| *place = byte);
}
