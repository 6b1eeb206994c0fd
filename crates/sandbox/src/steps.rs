//! What each step of the recipe does in its work tree.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use process::{EngineError, fs};
use recipe::{OriginForm, Sharing, Step, reduced_manifests};

use crate::archive::write_archive;
use crate::files::{hard_link_tree, is_below_link};
use crate::job::{EmbeddedJob, Reuse};
use crate::record::{Record, Records};
use crate::run::Runner;
use crate::tree::{Content, Files, synchronise};
use crate::yarn_cache::remove_refused;

/// The files of a step's work tree: its own inputs over those of the step that it continues.
pub(crate) fn files(job: &EmbeddedJob, step: &Step) -> Files {
    let mut files = Files::new();
    if let Some((origin, form)) = job.origin(step) {
        add_inputs(job, origin, &mut files);
        if matches!(form, OriginForm::CutDown { .. }) {
            // The step's own manifests stand in for those of its origin.
            files.retain(|path, _| path != "package.json" && !path.ends_with("/package.json"));
        }
    }
    add_inputs(job, step, &mut files);
    files
}

fn add_inputs(job: &EmbeddedJob, step: &Step, files: &mut Files) {
    for (path, text) in reduced_manifests(&job.repo, &step.inputs) {
        files.insert(path, Content::Text(text));
    }
    for path in &step.inputs.paths {
        for (name, file) in job.repo.tree.under(path) {
            let content = Content::Repository { digest: file.digest, executable: file.executable };
            files.insert(name.to_owned(), content);
        }
    }
}

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

/// Brings the work tree in line with what the step reads. What it keeps stays, unless that is stale.
fn prepare_tree(runner: &Runner<'_>, files: &Files, record: &mut Record) -> Result<(), EngineError> {
    let (job, step) = (runner.job, runner.step);
    let compiled = step.keeps.compiled.as_ref().map(|packages| compiled_with(job, packages)).unwrap_or_default();
    let cut_down = job.origin(step).and_then(|(origin, form)| match form {
        OriginForm::CutDown { private } => Some((origin, private)),
        OriginForm::Linked => None,
    });
    let tree = job.tree(&step.id);
    let has_outputs = step.outputs.iter().all(|output| tree.join(output).exists());
    let is_stale = record.packages != compiled || (cut_down.is_some() && !has_outputs);
    if is_stale || step.keeps.paths.is_empty() || job.reuse == Reuse::Nothing {
        fs::empty(&tree)?;
        record.files.clear();
        if let Some((origin, private)) = cut_down {
            copy_origin(job, origin, private, &tree)?;
        }
    }
    record.packages = compiled;
    synchronise(&tree, &job.repo.root, files, &mut record.files, &|path| step.keeps.keeps(path))
}

/// Links the origin's tree, without the files it read and with copies of what is private.
fn copy_origin(job: &EmbeddedJob, origin: &Step, private: &[String], tree: &Path) -> Result<(), EngineError> {
    let sources = files(job, origin);
    let is_source = |path: &Path| sources.contains_key(path.to_string_lossy().as_ref());
    let is_private = |path: &Path| path.iter().any(|part| private.iter().any(|name| part == name.as_str()));
    hard_link_tree(&job.tree(&origin.id), tree, &is_source, &is_private)
}

/// Packages with native code, and the builder they were compiled with.
fn compiled_with(job: &EmbeddedJob, packages: &[String]) -> BTreeMap<String, String> {
    let locators = packages.iter().map(|locator| (locator.clone(), String::new()));
    locators.chain([("builder".to_owned(), job.builder.digest.clone())]).collect()
}

pub(crate) fn run_actions(runner: &Runner<'_>) -> Result<(), EngineError> {
    for (index, action) in runner.step.actions.iter().enumerate() {
        let log = if index == 0 { runner.step.id.to_string() } else { format!("{}-{}", runner.step.id, index + 1) };
        let result = runner.run(action, None, &log);
        if result.is_err() && mends_yarns_cache(runner, &log) {
            runner.run(action, None, &log)?;
        } else {
            result?;
        }
    }
    Ok(())
}

/// Whether the command failed for damaged archives in the cache, which are removed.
fn mends_yarns_cache(runner: &Runner<'_>, log: &str) -> bool {
    if !runner.step.caches.iter().any(|cache| cache.name == "yarn") {
        return false;
    }
    let text = std::fs::read(runner.job.logs.join(format!("{log}.log"))).unwrap_or_default();
    let removed = remove_refused(&runner.job.caches.join("yarn/cache"), &String::from_utf8_lossy(&text));
    for name in &removed {
        (runner.on_line)(&format!("removed {name} from Yarn's cache, since it is damaged; trying again"));
    }
    !removed.is_empty()
}

/// Brings the work tree in line with what the step reads; keeps these paths, too.
pub(crate) fn synchronise_tree(
    runner: &Runner<'_>,
    files: &Files,
    record: &mut Record,
    more: &[String],
) -> Result<(), EngineError> {
    let tree = runner.job.tree(&runner.step.id);
    if runner.job.reuse == Reuse::Nothing {
        fs::empty(&tree)?;
        record.files.clear();
    }
    let keeps = |path: &str| runner.step.keeps.keeps(path) || more.iter().any(|kept| kept == path);
    synchronise(&tree, &runner.job.repo.root, files, &mut record.files, &keeps)
}
