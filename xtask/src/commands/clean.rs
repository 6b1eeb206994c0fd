//! `clean`: what builds keep between runs, how large it is, and its removal.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use process::Interrupt;
use serde_json::json;

use crate::exit::CheckFailed;
use crate::flags::{Clean, RepositoryFlags};
use crate::output::Printer;
use crate::repository;
use crate::state::{self, State};
use crate::summary::megabytes;

/// What nobody used for so long goes by itself.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Folders in the state folder whose entries go one by one.
const SHARED: &[&str] = &["downloads", "images", "npm", "roots"];

pub(crate) fn run(flags: &Clean, repository: &RepositoryFlags, printer: &Printer, interrupt: &Interrupt) -> Result<()> {
    let shared = state::shared_folder(repository)?;
    if flags.report {
        report(&entries(&shared), printer);
        return Ok(());
    }
    if flags.state {
        return remove_all(&shared, printer);
    }
    let root = repository::root(repository)?;
    let state = State::open(&root, repository, printer, interrupt)?;
    let before = size(state.folder());
    state.clear().with_context(|| format!("removing {}", state.folder().display()))?;
    printer.say(&format!("removed {} of {}", megabytes(before), root.display()));
    Ok(())
}

/// Removes what belongs to repositories that are gone, and what was not used for a month. Called after a
/// build, which must not fail for it.
pub(crate) fn prune(shared: &Path, printer: &Printer) {
    let mut freed = 0;
    for folder in state::repositories(shared) {
        // Nobody's build may be running in it.
        if folder.is_abandoned(UNUSED)
            && let Some(_lock) = folder.lock()
        {
            let bytes = size(folder.path());
            freed += process::remove_tree(folder.path()).map_or(0, |()| bytes);
        }
    }
    for entry in SHARED.iter().flat_map(|name| list(&shared.join(name))) {
        if is_unused(&entry) {
            let bytes = size(&entry);
            freed += process::remove_tree(&entry).map_or(0, |()| bytes);
            // What is known about a root file system lies beside it.
            for suffix in ["lock", "mark"] {
                let _ = std::fs::remove_file(format!("{}.{suffix}", entry.display()));
            }
        }
    }
    if freed > 0 {
        printer.say(&format!("removed {} that no build used for a month", megabytes(freed)));
    }
}

fn is_unused(path: &Path) -> bool {
    if path.extension().is_some_and(|extension| extension == "lock" || extension == "mark") {
        return false;
    }
    let used = path.symlink_metadata().and_then(|metadata| metadata.modified());
    used.is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age > UNUSED))
}

/// Every part of the state, and its size in bytes.
fn entries(shared: &Path) -> Vec<(String, u64)> {
    let repositories = state::repositories(shared);
    let mut entries: Vec<_> = repositories.iter().map(|folder| (folder.describe(), size(folder.path()))).collect();
    for path in list(shared) {
        let is_repository = repositories.iter().any(|folder| folder.path() == path);
        if !is_repository {
            entries.push((format!("shared: {}", path.file_name().unwrap_or_default().display()), size(&path)));
        }
    }
    entries.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    entries
}

fn report(entries: &[(String, u64)], printer: &Printer) {
    let lines = entries.iter().map(|(name, bytes)| json!({ "name": name, "bytes": bytes })).collect::<Vec<_>>();
    printer.message("state", json!({ "entries": lines }));
    for (name, bytes) in entries {
        printer.data(&format!("{:>12}  {name}", megabytes(*bytes)));
    }
}

fn remove_all(shared: &Path, printer: &Printer) -> Result<()> {
    let repositories = state::repositories(shared);
    let locks: Option<Vec<_>> = repositories.iter().map(state::RepositoryFolder::lock).collect();
    let Some(_locks) = locks else {
        return Err(CheckFailed::new(format!("a build is running that works in {}", shared.display()))
            .hint("run `cargo xtask clean --state` again when it has ended")
            .into());
    };
    let before = size(shared);
    // Only what is ours by name: somebody may have given us a folder with other things in it.
    for path in repositories.iter().map(|folder| folder.path().to_owned()).chain(state::shared_parts(shared)) {
        process::remove_tree(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    printer.say(&format!("removed {} in {}", megabytes(before.saturating_sub(size(shared))), shared.display()));
    Ok(())
}

fn list(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Bytes on disk of a tree, hard links in it counted once.
fn size(path: &Path) -> u64 {
    let mut seen = std::collections::BTreeSet::new();
    size_of(path, &mut seen)
}

fn size_of(path: &Path, seen: &mut std::collections::BTreeSet<u64>) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    if metadata.is_dir() {
        return list(path).iter().map(|inner| size_of(inner, seen)).sum();
    }
    let is_first = state::link_identity(&metadata).is_none_or(|identity| seen.insert(identity));
    if is_first { metadata.len() } else { 0 }
}
