//! A pair of archives that a test may damage.

use std::io::Write;

use artifacts::{BUNDLE, SKELETON, Verification, verify};
use diagnostics::{Baseline, Finding, Severity};
use flate2::Compression;
use flate2::write::GzEncoder;
use monorepo::Monorepo;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::repo;

/// One entry to be written.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) path: String,
    pub(crate) flag: u8,
    pub(crate) mode: u32,
    pub(crate) data: Vec<u8>,
    pub(crate) link: String,
}

impl Item {
    pub(crate) fn file(path: &str, data: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), flag: b'0', mode: 0o644, data: data.into(), link: String::new() }
    }

    pub(crate) fn folder(path: &str, mode: u32) -> Self {
        Self { flag: b'5', mode, ..Self::file(path, "") }
    }

    pub(crate) fn link(path: &str, flag: u8, target: &str) -> Self {
        Self { flag, link: target.to_owned(), ..Self::file(path, "") }
    }

    pub(crate) fn of(path: &str, flag: u8) -> Self {
        Self { flag, ..Self::file(path, "") }
    }

    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    /// Header and data, without any of the checks that a library would make.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut header = tar::Header::new_ustar();
        let bytes = header.as_mut_bytes();
        bytes[..self.path.len()].copy_from_slice(self.path.as_bytes());
        bytes[157..157 + self.link.len()].copy_from_slice(self.link.as_bytes());
        bytes[156] = self.flag;
        header.set_size(self.data.len() as u64);
        header.set_mode(self.mode);
        header.set_mtime(0);
        header.set_cksum();
        out.extend(header.as_bytes());
        out.extend(&self.data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
}

pub(crate) fn tar(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    items.iter().for_each(|item| item.write(&mut out));
    out.resize(out.len() + 1024, 0);
    out
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A pair of archives.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) skeleton: Vec<Item>,
    pub(crate) bundle: Vec<Item>,
}

impl Pair {
    /// As the Backstage CLI makes it, but for the mode of `./`.
    pub(crate) fn good() -> Self {
        let skeleton: Vec<_> = repo::PACKED.iter().map(|(path, text)| Item::file(path, *text)).collect();
        let mut bundle = vec![
            Item::folder("./", 0o755),
            Item::file("package.json", repo::ROOT),
            Item::file("yarn.lock", repo::LOCKFILE),
            Item::folder("packages/", 0o755),
            Item::file("packages/app/dist/.config-schema.json", r#"{"schemas":[]}"#),
            Item::file("packages/app/dist/index.html", r#"<html><script src="/static/main.js"></script></html>"#),
            Item::file("packages/app/dist/static/main.js", "run()"),
            Item::file("packages/backend/dist/index.cjs.js", "start()"),
            Item::file("plugins/x/dist/index.cjs.js", "plug()"),
        ];
        bundle.extend(skeleton.clone());
        Self { skeleton, bundle }
    }

    /// The good pair with texts replaced wherever they are.
    pub(crate) fn changed(edits: &[(&str, &str)]) -> Self {
        let mut pair = Self::good();
        for item in pair.skeleton.iter_mut().chain(&mut pair.bundle) {
            let text = String::from_utf8(item.data.clone()).unwrap();
            item.data = edits.iter().fold(text, |text, (from, to)| text.replace(from, to)).into_bytes();
        }
        pair
    }

    pub(crate) fn skeleton_bytes(&self) -> Vec<u8> {
        gzip(&tar(&self.skeleton))
    }

    pub(crate) fn bundle_bytes(&self) -> Vec<u8> {
        gzip(&tar(&self.bundle))
    }

    /// The data of an entry of an archive.
    pub(crate) fn text(items: &mut [Item], path: &str, change: impl Fn(String) -> String) {
        let item = items.iter_mut().find(|item| item.path == path).unwrap();
        item.data = change(String::from_utf8(item.data.clone()).unwrap()).into_bytes();
    }

    pub(crate) fn verify(&self) -> Verification {
        verify_in(self, repo::facts())
    }

    /// The only error there is, as code, archive, entry, expected and found.
    pub(crate) fn only_error(&self) -> Error {
        only_error(&self.verify())
    }
}

/// Verifies two files with these contents.
pub(crate) fn verify_bytes(skeleton: &[u8], bundle: &[u8]) -> Verification {
    let dist = TempDir::new().unwrap();
    std::fs::write(dist.path().join(SKELETON), skeleton).unwrap();
    std::fs::write(dist.path().join(BUNDLE), bundle).unwrap();
    verify(dist.path(), repo::facts())
}

/// [`Pair::verify`] with a baseline.
pub(crate) fn verify_against(pair: &Pair, baseline: &Baseline) -> Verification {
    verify_of(pair, repo::facts(), baseline)
}

/// [`Pair::verify`] for another repository.
pub(crate) fn verify_in(pair: &Pair, repo: &Monorepo) -> Verification {
    verify_of(pair, repo, &Baseline::default())
}

fn verify_of(pair: &Pair, repo: &Monorepo, baseline: &Baseline) -> Verification {
    let dist = TempDir::new().unwrap();
    std::fs::write(dist.path().join(SKELETON), pair.skeleton_bytes()).unwrap();
    std::fs::write(dist.path().join(BUNDLE), pair.bundle_bytes()).unwrap();
    keep(pair);
    artifacts::verify_against(dist.path(), repo, baseline)
}

/// Leaves the archives in the folder `SEEDS`, when it is named, for fuzzing (`tests/fuzz`) to begin with.
fn keep(pair: &Pair) {
    let Some(folder) = std::env::var_os("SEEDS").map(std::path::PathBuf::from) else { return };
    for stream in [tar(&pair.skeleton), tar(&pair.bundle)] {
        for bytes in [gzip(&stream), stream] {
            std::fs::write(folder.join(sha256(&bytes)), bytes).unwrap();
        }
    }
}

/// An error finding in short.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) code: &'static str,
    pub(crate) place: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

/// The only finding there is, of whatever severity.
pub(crate) fn only_finding(verification: &Verification, severity: Severity) -> Error {
    assert_eq!(verification.findings.len(), 1, "{:#?}", verification.findings);
    assert_eq!(verification.findings[0].severity, severity);
    described(&verification.findings[0])
}

/// The error findings.
pub(crate) fn errors(verification: &Verification) -> Vec<Error> {
    let errors = verification.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(described).collect()
}

fn described(finding: &Finding) -> Error {
    assert!(!finding.next.is_empty() && finding.why.ends_with('.'), "{finding:?}");
    let entry = finding.entry.as_ref().map(|entry| format!(" {entry}")).unwrap_or_default();
    Error {
        code: finding.code,
        place: format!("{}{entry}", finding.subject),
        expected: finding.expected.clone(),
        found: finding.found.clone(),
    }
}

/// The only error finding.
pub(crate) fn only_error(verification: &Verification) -> Error {
    let mut errors = errors(verification);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.remove(0)
}

/// Asserts that `error` is this.
pub(crate) fn assert_error(error: &Error, code: &str, place: &str, expected: &str, found: &str) {
    let actual = (error.code, error.place.as_str(), error.expected.as_str(), error.found.as_str());
    assert_eq!(actual, (code, place, expected, found));
}
