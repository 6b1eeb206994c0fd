//! What becomes of a step: run between marks that tell an unfinished one, and checked.

use std::fs::File;

use process::{EngineError, fs};
use recipe::Sharing;

use crate::actions::run_actions;
use crate::archive::write_archive;
use crate::files::is_below_link;
use crate::record::{Record, Records};
use crate::run::Runner;
use crate::tree::Files;
use crate::work_tree::prepare_tree;

/// Runs one step between the marks that tell an unfinished one; holds the caches that bear only one user.
pub(crate) fn run_recorded(
    runner: &Runner<'_>,
    records: &Records,
    files: &Files,
    record: &mut Record,
    key: &str,
) -> Result<(), EngineError> {
    let name = runner.step.id.to_string();
    let _locks = lock_caches(runner)?;
    let was_unfinished = records.is_unfinished(&name);
    records.begin(&name)?;
    if was_unfinished {
        // Nobody knows what is in the tree.
        fs::remove(&runner.job.tree(&runner.step.id))?;
        *record = Record { basis: record.basis.clone(), ..Record::default() };
    }
    run(runner, files, record)?;
    refuse_links(runner)?;
    records.succeeded(&name, key, record)
}

/// What later steps and the image take from a tree must be in it: a link may lead to anything of the host's.
fn refuse_links(runner: &Runner<'_>) -> Result<(), EngineError> {
    let (job, step) = (runner.job, runner.step);
    let (tree, taken) = match &step.archive {
        Some(archive) => (job.unpacked(), archive.manifests.clone()),
        None => (job.tree(&step.id), step.all_outputs().cloned().collect()),
    };
    let Some(path) = taken.into_iter().find(|path| is_below_link(&tree, path)) else { return Ok(()) };
    Err(EngineError::Failed {
        command: "checking what it left".to_owned(),
        code: None,
        step: Some(step.id.to_string()),
        tail: vec![format!("{path} is a link or below one, expected a folder of the step's own")],
        hint: None,
        repository: true,
        log: None,
    })
}

/// Makes the folders of the step's caches; waits for those that one step uses at a time.
fn lock_caches(runner: &Runner<'_>) -> Result<Vec<File>, EngineError> {
    let mut locks = Vec::new();
    for cache in &runner.step.caches {
        fs::create(&runner.job.caches.join(cache.name))?;
        if cache.sharing == Sharing::Exclusive {
            locks.push(fs::lock(&runner.job.caches.join(format!("{}.lock", cache.name)), runner.stop)?);
        }
    }
    Ok(locks)
}

/// Runs one step; its record is filled in with what it read.
fn run(runner: &Runner<'_>, files: &Files, record: &mut Record) -> Result<(), EngineError> {
    if let Some(archive) = &runner.step.archive {
        return write_archive(runner, archive, files, record);
    }
    prepare_tree(runner, files, record)?;
    run_actions(runner)
}
