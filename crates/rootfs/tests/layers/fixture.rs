//! Images of layers that are written byte by byte, so that they may be hostile.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use image::{Digest, ImageSpec, ImageTree, Layer, Layout, NodeKind, StoredImage, write_image};
use tar::{Builder, EntryType, Header};

/// An entry: what it is, its path, its link's target or its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) kind: EntryType,
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) mode: u32,
    pub(crate) modified: u64,
    /// How the path and the target are written.
    pub(crate) long: Long,
}

/// How an entry's path and target are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Long {
    /// In the header, as much as there is room for.
    No,
    /// In entries of GNU before it.
    Gnu,
    /// In extended headers before it.
    Pax,
    /// In extended headers with a path that does not count, before the one that does.
    PaxTwice,
}

pub(crate) fn item(kind: EntryType, path: &str, text: &str) -> Item {
    Item { kind, path: path.to_owned(), text: text.to_owned(), mode: 0o644, modified: 7, long: Long::No }
}

impl Item {
    fn is_file(&self) -> bool {
        self.kind == EntryType::Regular
    }

    fn write(&self, archive: &mut Builder<Vec<u8>>) {
        let data = if self.is_file() { self.text.as_bytes() } else { b"" };
        let target = if self.is_file() { "" } else { self.text.as_str() };
        match self.long {
            Long::No => {}
            Long::Gnu => {
                gnu(archive, EntryType::GNULongName, &self.path);
                gnu(archive, EntryType::GNULongLink, target);
            }
            Long::Pax => pax(archive, &[&self.path], target),
            Long::PaxTwice => pax(archive, &["first", &self.path], target),
        }
        let (path, target) = if self.long == Long::No { (self.path.as_str(), target) } else { ("short", "short") };
        archive.append(&header(self, path, target, data.len() as u64), data).unwrap();
    }
}

fn header(item: &Item, path: &str, target: &str, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(item.kind);
    header.set_mode(item.mode);
    header.set_mtime(item.modified);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    if let Some(fields) = header.as_gnu_mut() {
        fields.name.iter_mut().zip(path.bytes()).for_each(|(place, byte)| *place = byte);
        fields.linkname.iter_mut().zip(target.bytes()).for_each(|(place, byte)| *place = byte);
    }
    header.set_cksum();
    header
}

fn gnu(archive: &mut Builder<Vec<u8>>, kind: EntryType, text: &str) {
    let bytes = [text.as_bytes(), b"\0"].concat();
    let item = item(kind, "", "");
    archive.append(&header(&item, "././@LongLink", "", bytes.len() as u64), bytes.as_slice()).unwrap();
}

fn pax(archive: &mut Builder<Vec<u8>>, paths: &[&str], target: &str) {
    let paths = paths.iter().map(|path| ("path", path.as_bytes()));
    archive.append_pax_extensions(paths.chain([("linkpath", target.as_bytes())])).unwrap();
}

pub(crate) fn layer(items: &[Item]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    items.iter().for_each(|item| item.write(&mut archive));
    archive.into_inner().unwrap()
}

/// The image of these layers, as `docker save` writes it.
pub(crate) fn image(layers: &[Vec<u8>]) -> StoredImage {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.tar");
    let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let config = serde_json::json!({"architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let names: Vec<_> = (0..layers.len()).map(|number| format!("{number}.tar")).collect();
    let manifest = serde_json::json!([{"Config": "config.json", "Layers": names}]);
    let mut archive = Builder::new(fs::File::create(&file).unwrap());
    let mut add = |name: &str, bytes: &[u8]| {
        let item = item(EntryType::Regular, "", "");
        archive.append(&header(&item, name, "", bytes.len() as u64), bytes).unwrap();
    };
    names.iter().zip(layers).for_each(|(name, layer)| add(name, layer));
    add("config.json", config.to_string().as_bytes());
    add("manifest.json", manifest.to_string().as_bytes());
    archive.finish().unwrap();
    StoredImage::in_archive(fs::File::open(&file).unwrap(), &file).unwrap()
}

/// Adds an image of this layer to the layout in a folder.
pub(crate) fn add_image(folder: &Path, name: &str, layer: &[u8]) {
    let layout = Layout::create(folder).unwrap();
    let digest = Digest::of(layer);
    fs::write(layout.blob(&digest), layer).unwrap();
    let media_type = "application/vnd.oci.image.layer.v1.tar".to_owned();
    let size = layer.len() as u64;
    let layer = Layer { diff_id: digest.clone(), digest, media_type, size, uncompressed_size: None };
    let env = vec!["NODE_VERSION=24.21.0".to_owned()];
    let spec = ImageSpec { architecture: "amd64".to_owned(), env, layers: vec![layer], ..ImageSpec::default() };
    write_image(&layout, &spec, name).unwrap();
}

/// What is at each path: a word for what it is, the bits of its mode that stay, and its bytes or target.
pub(crate) type Shown = BTreeMap<String, (&'static str, u32, Vec<u8>)>;

/// The tree that the verifier sees, but for what is never made of it.
pub(crate) fn verified(image: &StoredImage) -> Shown {
    let tree: ImageTree<Vec<u8>> = image.files(&|_, _| true).unwrap();
    let shown = tree.iter().filter_map(|(path, node)| {
        let bytes = node.note.as_ref().map(|bytes| bytes.to_vec()).unwrap_or_default();
        let shown = match &node.kind {
            NodeKind::Folder => ("folder", node.mode & 0o1777 | 0o700, Vec::new()),
            NodeKind::File(_) => ("file", node.mode & 0o1777 | 0o400, bytes),
            NodeKind::Link(target) => ("link", 0, target.clone().into_bytes()),
            NodeKind::Special => return None,
        };
        Some((path.to_owned(), shown))
    });
    shown.collect()
}

/// What is in a folder.
pub(crate) fn found(root: &Path) -> Shown {
    let mut shown = Shown::new();
    add(root, "", &mut shown);
    shown
}

fn add(root: &Path, folder: &str, shown: &mut Shown) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}{}", entry.file_name().to_str().unwrap());
        let metadata = entry.metadata().unwrap();
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.is_dir() {
            add(root, &format!("{path}/"), shown);
            shown.insert(path, ("folder", mode, Vec::new()));
        } else if metadata.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            shown.insert(path, ("link", 0, target.to_str().unwrap().as_bytes().to_vec()));
        } else {
            shown.insert(path, ("file", mode, fs::read(entry.path()).unwrap()));
        }
    }
}
