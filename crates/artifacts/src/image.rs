//! The app in an image, as the bundle that it was made from: what was unpacked there is what runs.

use std::path::PathBuf;

use diagnostics::Baseline;
use monorepo::Monorepo;
use sha2::{Digest, Sha256};

use crate::archive::{Archive, Read, State};
use crate::checks::{Context, of_image};
use crate::content::Collector;
use crate::entry::{Entry, EntryKind};
use crate::limits::BUNDLE_LIMITS;
use crate::reader::{Payload, Sink, Want};
use crate::verify::{SKELETON, Verification, conclude, wanted_of_bundle};

/// What findings about the app in an image are about.
const APP: &str = "the app in the image";
/// Installed packages are not the bundle's.
const INSTALLED: &str = "node_modules";

/// Something in the app of an image.
#[derive(Debug, Clone)]
pub struct AppFile<'a> {
    /// Its path in the app, with `/` between names.
    pub path: String,
    /// What it is.
    pub kind: AppFileKind,
    /// Permission bits.
    pub mode: u32,
    /// Its bytes, when [`is_read_of_app`] asks for them.
    pub bytes: Option<&'a [u8]>,
}

/// What a thing in the app is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppFileKind {
    /// A folder.
    Folder,
    /// A file of so many bytes.
    File(u64),
    /// A symbolic link, with its target as written.
    Link(String),
    /// A device or a pipe.
    Special,
}

/// Whether the bytes of a file in the app are looked at.
pub fn is_read_of_app(path: &str, size: u64) -> bool {
    let limits = BUNDLE_LIMITS;
    !is_installed(path) && size <= limits.manifests
}

fn is_installed(path: &str) -> bool {
    path.split('/').any(|part| part == INSTALLED)
}

/// Verifies the app in an image against the repository it was built from; findings that are accepted are set
/// apart. What an archive alone can have is not looked for.
pub fn verify_app<'a>(files: impl Iterator<Item = AppFile<'a>>, repo: &Monorepo, accepted: &Baseline) -> Verification {
    let wanted = wanted_of_bundle(repo);
    let mut collector = Collector::new(&wanted, BUNDLE_LIMITS);
    for file in files.filter(|file| !is_installed(&file.path)) {
        let entry = entry(&file);
        let payload = payload(&collector, &entry, file.bytes);
        collector.accept(entry, payload);
    }
    let read = Read { bytes: 0, digest: Vec::new(), content: collector.finish(), stop: None, trailing: None };
    let archive = |name, state| Archive { name, path: PathBuf::new(), state };
    let context = Context {
        repo,
        skeleton: archive(SKELETON, State::Missing),
        bundle: archive(APP, State::Read(Box::new(read))),
    };
    conclude(Vec::new(), of_image(&context), accepted)
}

fn entry(file: &AppFile<'_>) -> Entry {
    let (kind, size) = match &file.kind {
        AppFileKind::Folder => (EntryKind::Folder, 0),
        AppFileKind::File(size) => (EntryKind::File, *size),
        AppFileKind::Link(target) => (EntryKind::SymbolicLink(target.clone()), 0),
        AppFileKind::Special => (EntryKind::Special("a device or a pipe".to_owned()), 0),
    };
    Entry { name: file.path.clone(), path: file.path.clone(), kind, mode: file.mode, size }
}

fn payload(collector: &Collector<'_>, entry: &Entry, bytes: Option<&[u8]>) -> Payload {
    let want = if entry.kind == EntryKind::File { collector.wants(entry) } else { Want::Nothing };
    match (want, bytes) {
        (Want::Nothing, _) => Payload::Nothing,
        (Want::Digest, Some(bytes)) => Payload::Digest(Sha256::digest(bytes).to_vec()),
        (Want::Bytes(most), Some(bytes)) if bytes.len() as u64 <= most => Payload::Bytes(bytes.to_vec()),
        (Want::Bytes(_) | Want::Digest, _) => Payload::TooLarge,
    }
}

#[cfg(test)]
mod tests {
    use monorepo::LOCKFILE;

    use super::*;

    #[test]
    fn installed_packages_are_not_the_bundles() {
        assert!(is_read_of_app("packages/backend/dist/index.cjs.js", 5) && is_read_of_app(LOCKFILE, 5));
        assert!(!is_read_of_app("packages/app/node_modules/a/index.js", 5));
        assert!(!is_read_of_app("large", 1 << 40));
    }
}
