//! What holds of every verification.

use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use artifacts::{ArchiveSummary, BUNDLE, SKELETON, Verification, verify, verify_against};
use diagnostics::{Baseline, Finding};
use flate2::read::MultiGzDecoder;
use tempfile::TempDir;

use crate::repo;

/// Letters of one text of a finding: what it repeats of an archive is cut.
const LONGEST: usize = 4000;
/// The first code of a finding that is not about the archive itself, but about what it holds.
const OF_CONTENT: &str = "BX015";

/// Verifies two archives, twice.
pub(crate) fn check(skeleton: &[u8], bundle: &[u8]) {
    static DIST: OnceLock<TempDir> = OnceLock::new();
    let dist = DIST.get_or_init(|| TempDir::new().expect("a folder for the archives")).path();
    for (name, bytes) in [(SKELETON, skeleton), (BUNDLE, bundle)] {
        std::fs::write(dist.join(name), bytes).expect("a place for the archives");
    }
    let found = verify(dist, repo::facts());
    found.findings.iter().for_each(is_safe_to_show);
    is_repeated(dist, &found);
    for (summary, bytes) in found.archives.iter().zip([skeleton, bundle]) {
        assert_eq!(summary.bytes, bytes.len() as u64);
        if !found.findings.iter().any(|finding| finding.subject == summary.name && finding.code < OF_CONTENT) {
            is_read_alike(summary, bytes);
        }
    }
}

/// No text of a finding does anything to a terminal, or floods it.
fn is_safe_to_show(finding: &Finding) {
    let texts = [&finding.subject, &finding.expected, &finding.found, &finding.next];
    for text in texts.into_iter().chain(&finding.entry).chain(&finding.key) {
        assert!(!text.chars().any(char::is_control), "a control character in {finding:?}");
        assert!(text.chars().count() <= LONGEST, "a text too long to read in {finding:?}");
    }
}

/// A second verification finds the same, and a baseline of all of it accepts all of it.
fn is_repeated(dist: &Path, found: &Verification) {
    let baseline = Baseline::parse(&found.baseline.to_json()).expect("what was written can be read");
    assert_eq!(baseline, found.baseline);
    let again = verify_against(dist, repo::facts(), &baseline);
    assert_eq!(again.findings, []);
    assert_eq!((&again.accepted, &again.archives), (&found.findings, &found.archives));
}

/// Where an archive has no damage, another reader of tar sees the same entries, all of them below the root.
fn is_read_alike(summary: &ArchiveSummary, bytes: &[u8]) {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes));
    let (mut entries, mut size) = (0, 0);
    for entry in archive.entries().expect("a tar stream") {
        let mut entry = entry.expect("an entry");
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            continue;
        }
        let path = entry.path_bytes().into_owned();
        assert!(!path.starts_with(b"/") && !path.split(|byte| *byte == b'/').any(|part| part == b".."), "{path:?}");
        entries += 1;
        let read = std::io::copy(&mut entry.by_ref(), &mut std::io::sink()).expect("the data of an entry");
        size += if kind.is_file() || kind.is_contiguous() { read } else { 0 };
    }
    assert_eq!((entries, size), (summary.entries, summary.unpacked_bytes), "{}", summary.name);
}
