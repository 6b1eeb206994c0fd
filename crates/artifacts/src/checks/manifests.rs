//! Whether the archives hold the manifests of the production packages, and nothing in their place.

use std::collections::BTreeSet;

use diagnostics::{At, Finding, FindingKind, FindingText, binary_size};
use monorepo::Workspace;

use crate::archive::Archive;
use crate::checks::{Context, REBUILD};
use crate::codes::{
    BUNDLE_LACKS, NOT_JSON, OVER_LIMIT, PAIR_DIFFERS, SKELETON_FOREIGN, SKELETON_LACKS, SKELETON_SURPLUS,
};
use crate::content::{Content, Manifest};
use crate::entry::{Entry, EntryKind};
use crate::limits::SKELETON_LIMITS;

/// Manifests too large to compare.
pub(crate) fn too_large(context: &Context<'_>) -> Vec<Finding> {
    let expected = format!("a manifest of at most {}", binary_size(SKELETON_LIMITS.manifest));
    each_manifest(context, |archive, path, manifest| match manifest {
        Manifest::TooLarge => {
            let at = At::entry(archive.name, path);
            Some(OVER_LIMIT.finding(
                at,
                FindingText { expected: &expected, found: "a larger one, or too many of them", next: REBUILD },
            ))
        }
        Manifest::Read { .. } => None,
    })
}

/// Manifests that say nothing.
pub(crate) fn not_json(context: &Context<'_>) -> Vec<Finding> {
    each_manifest(context, |archive, path, manifest| match manifest {
        Manifest::Read { json: Err(reason), .. } => Some(NOT_JSON.finding(
            At::entry(archive.name, path),
            FindingText { expected: "a JSON object", found: reason, next: REBUILD },
        )),
        Manifest::Read { .. } | Manifest::TooLarge => None,
    })
}

fn each_manifest(context: &Context<'_>, judge: impl Fn(&Archive, &str, &Manifest) -> Option<Finding>) -> Vec<Finding> {
    let archives = context.archives().into_iter().filter_map(|archive| Some((archive, archive.content()?)));
    archives
        .flat_map(|(archive, content)| content.manifests.iter().map(move |(path, manifest)| (archive, path, manifest)))
        .filter_map(|(archive, path, manifest)| judge(archive, path, manifest))
        .collect()
}

/// Production packages whose manifest is not in the skeleton: their dependencies would not be installed.
pub(crate) fn skeleton_lacks(context: &Context<'_>) -> Vec<Finding> {
    context
        .skeleton
        .content()
        .map_or_else(Vec::new, |content| lacking(context, content, &context.skeleton, SKELETON_LACKS))
}

/// Production packages whose manifest is not in the bundle.
pub(crate) fn bundle_lacks(context: &Context<'_>) -> Vec<Finding> {
    context.bundle.content().map_or_else(Vec::new, |content| lacking(context, content, &context.bundle, BUNDLE_LACKS))
}

fn lacking(context: &Context<'_>, content: &Content, archive: &Archive, code: FindingKind) -> Vec<Finding> {
    let packages = context.repo.production_packages().into_iter();
    let lacking = packages.filter(|package| !content.has_plain_file(&package.manifest_path()));
    let finding = |package: &Workspace| {
        let backend = &context.repo.backend().name;
        let expected = if package.name == *backend {
            format!("the manifest of the backend, {backend}")
        } else {
            format!("the manifest of {}, which {backend} depends on", package.name)
        };
        code.finding(
            At::entry(archive.name, &package.manifest_path()),
            FindingText { expected: &expected, found: "no such file", next: REBUILD },
        )
    };
    lacking.map(finding).collect()
}

/// What the skeleton holds besides the manifests of the production packages.
pub(crate) fn skeleton_surplus(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.skeleton.content() else { return Vec::new() };
    let packages = context.repo.production_packages();
    let wanted: BTreeSet<String> = packages.iter().map(|package| package.manifest_path()).collect();
    let finding = |entry: &Entry| {
        let at = At::entry(context.skeleton.name, &entry.name);
        // Folders come along when an archive was packed again, and do no harm.
        if entry.kind == EntryKind::Folder || (entry.kind == EntryKind::File && wanted.contains(&entry.path)) {
            None
        } else if entry.kind == EntryKind::File && entry.path.ends_with("/package.json") {
            let expected = format!("the manifests of {} and of its local dependencies", context.repo.backend().name);
            Some(
                SKELETON_SURPLUS.finding(
                    at,
                    FindingText { expected: &expected, found: &surplus(context, &entry.path), next: REBUILD },
                ),
            )
        } else {
            let expected = "manifests of packages (FOLDER/package.json) and nothing else";
            let found = entry.link_target().map_or("another file", |_| "a link");
            Some(SKELETON_FOREIGN.finding(at, FindingText { expected, found, next: REBUILD }))
        }
    };
    content.sorted().filter_map(finding).collect()
}

fn surplus(context: &Context<'_>, path: &str) -> String {
    match context.repo.workspaces.iter().find(|package| package.manifest_path() == path) {
        Some(package) => format!("the manifest of {}, on which the backend does not depend", package.name),
        None => "a manifest that is no workspace's".to_owned(),
    }
}

/// Manifests that the two archives do not share byte for byte: they come from two builds.
pub(crate) fn pair_differs(context: &Context<'_>) -> Vec<Finding> {
    let (Some(skeleton), Some(bundle)) = (context.skeleton.content(), context.bundle.content()) else {
        return Vec::new();
    };
    let differs = |(path, ours): (&String, &Manifest)| {
        let theirs = bundle.manifests.get(path)?;
        let (Manifest::Read { bytes: one, json: Ok(_) }, Manifest::Read { bytes: other, json: Ok(_) }) = (ours, theirs)
        else {
            return None;
        };
        let expected = format!("the same bytes as in {}", context.bundle.name);
        let found = match ours.json() == theirs.json() {
            true => "the same JSON written differently",
            false => "another manifest, as of another build",
        };
        (one != other).then(|| {
            PAIR_DIFFERS.finding(
                At::entry(context.skeleton.name, path),
                FindingText { expected: &expected, found, next: REBUILD },
            )
        })
    };
    skeleton.manifests.iter().filter_map(differs).collect()
}
