//! The whole verification.

use std::collections::BTreeSet;
use std::path::Path;

use diagnostics::{Baseline, BaselineResult, Finding, Severity, Subjects, Verifier};
use monorepo::{Monorepo, Workspace};
use serde::Serialize;

use crate::archive::{Archive, ArchiveSummary};
use crate::checks::{Context, frontend, of_archives, scripts};
use crate::codes::{CODES, STALE_BASELINE};
use crate::content::ContentRequest;
use crate::limits::{BUNDLE_LIMITS, SKELETON_LIMITS};
use crate::sources::Sources;

/// The archive of the production packages' manifests.
pub const SKELETON: &str = "skeleton.tar.gz";
/// The archive of everything the backend runs, but for its dependencies.
pub const BUNDLE: &str = "bundle.tar.gz";

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The archives that could be read at all.
    pub archives: Vec<ArchiveSummary>,
    /// Everything there is to say, gravest kinds of damage first.
    pub findings: Vec<Finding>,
    /// What the baseline accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Finding>,
    /// The baseline that would accept everything found.
    #[serde(skip)]
    pub baseline: Baseline,
}

impl Verification {
    /// Whether nothing found forbids shipping the archives.
    pub fn is_sound(&self) -> bool {
        self.at_least(Severity::Error).next().is_none()
    }

    /// The findings that weigh this much or more and are not accepted.
    pub fn at_least(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity >= severity)
    }
}

/// Verifies both archives in `dist` against the repository they were built from. Whatever is wrong
/// with them becomes a finding; nothing stops at the first one.
pub fn verify(dist: &Path, repo: &Monorepo) -> Verification {
    verify_against(dist, repo, &Baseline::default())
}

/// [`verify`], with findings that are accepted set apart.
pub fn verify_against(dist: &Path, repo: &Monorepo, accepted: &Baseline) -> Verification {
    let manifests: BTreeSet<String> = repo.production_packages().into_iter().map(Workspace::manifest_path).collect();
    let in_skeleton = ContentRequest { manifests, ..ContentRequest::default() };
    let in_bundle = wanted_of_bundle(repo);
    let context = Context {
        repo,
        skeleton: Archive::read(dist, SKELETON, &in_skeleton, SKELETON_LIMITS),
        bundle: Archive::read(dist, BUNDLE, &in_bundle, BUNDLE_LIMITS),
    };
    let summaries = context.archives().into_iter().filter_map(Archive::summary).collect();
    conclude(summaries, of_archives(&context), accepted)
}

/// What of the bundle is kept.
pub(crate) fn wanted_of_bundle(repo: &Monorepo) -> ContentRequest<'_> {
    let manifests = repo.production_packages().into_iter().map(Workspace::manifest_path);
    ContentRequest {
        manifests: manifests.chain(["package.json".to_owned()]).collect(),
        documents: frontend::documents(repo),
        packages: scripts::folders(repo),
        sources: Some(Sources::new(repo)),
    }
}

/// Sets apart what is accepted.
pub(crate) fn conclude(archives: Vec<ArchiveSummary>, found: Vec<Finding>, accepted: &Baseline) -> Verification {
    let verifier =
        Verifier { kinds: CODES, stale: STALE_BASELINE, command: "verify-artifacts", subjects: Subjects::Files };
    let BaselineResult { findings, accepted, baseline } = verifier.apply(accepted, found);
    Verification { archives, findings, accepted, baseline }
}
