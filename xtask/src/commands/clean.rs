//! `clean`: what builds keep between runs, how large it is, and its removal.

use std::path::Path;

use anyhow::{Context, Result};
use builder::state::{self, State, list, size};
use diagnostics::megabytes;
use process::Interrupt;
use serde_json::json;

use crate::exit::CheckFailed;
use crate::flags::{Clean, RepositoryFlags};
use crate::output::Printer;
use crate::repository;

pub(crate) fn run(flags: &Clean, repository: &RepositoryFlags, printer: &Printer, interrupt: &Interrupt) -> Result<()> {
    let shared = state::shared_folder(repository.state_dir.as_deref())?;
    if flags.report {
        report(&entries(&shared), printer);
        return Ok(());
    }
    if flags.state {
        return remove_all(&shared, printer);
    }
    let root = repository::root(repository)?;
    let state = State::open(&root, repository.state_dir.as_deref(), printer, interrupt)?;
    let before = size(state.folder());
    state.clear().with_context(|| format!("removing {}", state.folder().display()))?;
    printer.say(&format!("removed {} of {}", megabytes(before), root.display()));
    Ok(())
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
