//! What is remembered of each file while the layers pass.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use diagnostics::{SecretShape, scan_for_secrets};
use monorepo::LOCKFILE;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::elf::{self, Binary};
use super::node;
use crate::read::{FileHead, Memory};
use crate::sbom::licence;

/// Largest native addon or library that is read.
const BINARY: u64 = 256 << 20;
/// Largest list or document that is read.
const DOCUMENT: u64 = 16 << 20;
/// Where Debian packages have their licences.
const COPYRIGHTS: &str = "usr/share/doc/";
/// Largest file that is searched for secrets.
const SEARCHED: u64 = 1 << 20;
/// Bytes at the start of a program that tell what it is.
const HEADER: u64 = 64;

/// Libraries whose versions of symbols are known: those of the C and C++ compilers.
const LIBRARIES: &[&str] =
    &["libc.so", "libm.so", "libstdc++.so", "libgcc_s.so", "libpthread.so", "libdl.so", "librt.so", "libatomic.so"];
/// Where packages put what they bring: as public as they are.
const INSTALLED: &[&str] =
    &["usr/lib/", "usr/share/", "usr/include/", "usr/local/include/", "usr/local/lib/", "var/lib/dpkg/", "lib/"];

/// What is remembered of a file.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The secrets it seems to hold.
    pub(crate) secrets: Vec<SecretShape>,
    /// What it is.
    pub(crate) content: Content,
}

/// What a file that is looked into is.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Content {
    /// Nothing that matters.
    #[default]
    Other,
    /// A program named `node`: its processor, and its version where it tells it.
    Node { architecture: String, version: Option<String> },
    /// A native addon.
    Addon(Binary),
    /// A library, with the versions of symbols that it defines.
    Library(Binary),
    /// The manifest of a package.
    Package(Package),
    /// A text.
    Text(String),
    /// The licences that the `copyright` of a Debian package names.
    Licences(BTreeSet<String>),
}

/// What matters of a `package.json`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Whether its install makes or fetches a native addon.
    pub(crate) makes_addon: bool,
    /// The packages that it cannot do without.
    pub(crate) needs: BTreeSet<String>,
    /// What it says of its licence.
    pub(crate) licences: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Manifest {
    name: String,
    version: String,
    scripts: BTreeMap<String, Value>,
    license: Value,
    licenses: Value,
    dependencies: BTreeMap<String, Value>,
    optional_dependencies: BTreeMap<String, Value>,
}

/// Programs that make or fetch a native addon while a package is installed.
const ADDON_MAKERS: &[&str] = &["node-gyp", "node-gyp-build", "prebuild-install", "node-pre-gyp", "cmake-js"];

impl From<Manifest> for Package {
    fn from(mut manifest: Manifest) -> Self {
        let scripts = ["preinstall", "install", "postinstall"].iter().filter_map(|name| manifest.scripts.get(*name));
        let is_part = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        let mut words = scripts.filter_map(Value::as_str).flat_map(|script| script.split(|c| !is_part(c)));
        let makes_addon = words.any(|word| ADDON_MAKERS.contains(&word));
        // npm lists what is optional in both maps.
        manifest.dependencies.retain(|name, _| !manifest.optional_dependencies.contains_key(name));
        let needs = manifest.dependencies.into_keys().collect();
        let licences = [&manifest.license, &manifest.licenses].into_iter().flat_map(licence::stated).collect();
        Self { name: manifest.name, version: manifest.version, makes_addon, needs, licences }
    }
}

impl Note {
    /// About how many bytes it takes.
    fn weight(&self) -> u64 {
        let texts = match &self.content {
            Content::Text(text) => text.len(),
            Content::Package(package) => {
                let listed = package.needs.iter().chain(&package.licences);
                let needs = listed.map(|name| name.len() + size_of::<String>());
                package.name.len() + package.version.len() + needs.sum::<usize>()
            }
            Content::Licences(names) => names.iter().map(|name| name.len() + size_of::<String>()).sum(),
            Content::Addon(Binary::Elf(elf)) | Content::Library(Binary::Elf(elf)) => elf.weight(),
            Content::Addon(_) | Content::Library(_) | Content::Node { .. } | Content::Other => 0,
        };
        (size_of::<Self>() + texts) as u64
    }
}

/// Looks at one file, and remembers of it what fits.
pub(crate) fn inspect(head: FileHead<'_>, data: &mut dyn Read, memory: &Memory) -> io::Result<Option<Note>> {
    let note = look(head, data)?;
    note.iter().try_for_each(|note| memory.take(note.weight()))?;
    Ok(note)
}

fn look(head: FileHead<'_>, data: &mut dyn Read) -> io::Result<Option<Note>> {
    let name = head.path.rsplit('/').next().unwrap_or_default();
    let content = match name {
        "node" | "nodejs" if head.mode & 0o111 != 0 => return program(data),
        "package.json" if head.size <= SEARCHED => package(&bytes(data)?),
        "node_version.h" | "passwd" | "status" | "os-release" if head.size <= DOCUMENT && is_document(head.path) => {
            text(&bytes(data)?)
        }
        LOCKFILE if head.size <= DOCUMENT && is_document(head.path) => {
            let bytes = bytes(data)?;
            return Ok(Some(Note { secrets: scan_for_secrets(head.path, &bytes), content: text(&bytes) }));
        }
        "copyright" if head.path.starts_with(COPYRIGHTS) && head.size <= SEARCHED => {
            Content::Licences(licence::of_debian(&String::from_utf8_lossy(&bytes(data)?)))
        }
        _ if head.path.starts_with("var/lib/dpkg/status.d/") && head.size <= DOCUMENT => text(&bytes(data)?),
        _ if name.ends_with(".node") && head.size <= BINARY => Content::Addon(elf::read(&bytes(data)?)),
        _ if is_library(head.path, name) && head.size <= BINARY => Content::Library(elf::read(&bytes(data)?)),
        _ if head.size <= SEARCHED && is_searched(head.path) => {
            let secrets = scan_for_secrets(head.path, &bytes(data)?);
            return Ok((!secrets.is_empty()).then_some(Note { secrets, content: Content::Other }));
        }
        _ => return Ok(None),
    };
    Ok(Some(Note { secrets: Vec::new(), content }))
}

fn bytes(data: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: &[u8]) -> Content {
    Content::Text(String::from_utf8_lossy(bytes).into_owned())
}

fn program(data: &mut dyn Read) -> io::Result<Option<Note>> {
    let mut header = Vec::new();
    data.take(HEADER).read_to_end(&mut header)?;
    let Binary::Elf(elf) = elf::read(&header) else { return Ok(None) };
    let content = Content::Node { architecture: elf.architecture, version: node::version_in(data)? };
    Ok(Some(Note { secrets: Vec::new(), content }))
}

fn package(bytes: &[u8]) -> Content {
    match serde_json::from_slice(bytes) {
        Ok(manifest) => Content::Package(Manifest::into(manifest)),
        Err(_) => Content::Other,
    }
}

fn is_document(path: &str) -> bool {
    ["etc/passwd", "var/lib/dpkg/status", "etc/os-release", "usr/lib/os-release"].contains(&path)
        || path.ends_with("include/node/node_version.h")
        || path.ends_with(LOCKFILE) && !path.contains("node_modules/")
}

fn is_library(path: &str, name: &str) -> bool {
    let is_known = LIBRARIES.iter().any(|library| name.starts_with(library));
    is_known && ["lib", "lib64", "usr/lib"].iter().any(|folder| path.starts_with(folder))
}

/// What came from a package is as public as the package, and its tests are full of keys.
fn is_searched(path: &str) -> bool {
    let is_installed = path.split('/').any(|part| part == "node_modules");
    !is_installed && !path.ends_with(".map") && !INSTALLED.iter().any(|folder| path.starts_with(folder))
}
