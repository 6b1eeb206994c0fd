//! What each step of the recipe does in its work tree.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use process::{EngineError, fs};
use recipe::{Step, StepId, reduced_manifests};

use crate::backend::build_backend;
use crate::files::{hard_link_tree, is_below_link};
use crate::job::{EmbeddedJob, Reuse};
use crate::record::{Record, Records};
use crate::run::Runner;
use crate::tree::{Content, Files, synchronise};
use crate::yarn_cache::remove_refused;

/// The files of a step's work tree: its own inputs over those of the install it stands on.
pub(crate) fn files(job: &EmbeddedJob, step: &Step) -> Files {
    let mut files = Files::new();
    if !matches!(step.id, StepId::Install | StepId::TechDocs)
        && let Some(install) = job.step(&StepId::Install)
    {
        add_inputs(job, install, &mut files);
    }
    if step.id == StepId::ProductionDependencies {
        // The manifests of the production workspace stand in for those of the install.
        files.retain(|path, _| path != "package.json" && !path.ends_with("/package.json"));
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
    let (tree, taken) = match step.id {
        StepId::Install | StepId::ProductionDependencies => (job.tree(&step.id), job.repo.module_folders()),
        StepId::BuildBackend => {
            let packages = job.repo.production_packages();
            (job.dist_workspace(), packages.iter().map(|package| package.manifest_path()).collect())
        }
        _ => (job.tree(&step.id), step.outputs.clone()),
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

/// Makes the folders of the step's caches. Yarn's is for one install at a time, as in the Dockerfile.
fn lock_caches(runner: &Runner<'_>) -> Result<Vec<File>, EngineError> {
    let mut locks = Vec::new();
    for name in &runner.step.caches {
        let folder = runner.job.caches.join(name);
        fs::create(&folder)?;
        if *name == "yarn" {
            locks.push(fs::lock(&runner.job.caches.join("yarn.lock"), runner.stop)?);
        }
    }
    Ok(locks)
}

/// Runs one step; its record is filled in with what it read.
fn run(runner: &Runner<'_>, files: &Files, record: &mut Record) -> Result<(), EngineError> {
    match runner.step.id {
        StepId::Install => install(runner, files, record),
        StepId::ProductionDependencies => production_dependencies(runner, files, record),
        StepId::BuildBackend => build_backend(runner, files, record),
        StepId::TechDocs => {
            // pip would leave what another list of packages brought.
            fs::empty(&runner.job.tree(&StepId::TechDocs))?;
            run_actions(runner)
        }
        _ => {
            synchronise_tree(runner, files, record, &|path| is_modules(path))?;
            run_actions(runner)
        }
    }
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
    if !runner.step.caches.contains(&"yarn") {
        return false;
    }
    let text = std::fs::read(runner.job.logs.join(format!("{log}.log"))).unwrap_or_default();
    let removed = remove_refused(&runner.job.caches.join("yarn/cache"), &String::from_utf8_lossy(&text));
    for name in &removed {
        (runner.on_line)(&format!("removed {name} from Yarn's cache, since it is damaged; trying again"));
    }
    !removed.is_empty()
}

pub(crate) fn synchronise_tree(
    runner: &Runner<'_>,
    files: &Files,
    record: &mut Record,
    keeps: &dyn Fn(&str) -> bool,
) -> Result<(), EngineError> {
    let tree = runner.job.tree(&runner.step.id);
    if runner.job.reuse == Reuse::Nothing {
        fs::empty(&tree)?;
        record.files.clear();
    }
    synchronise(&tree, &runner.job.repo.root, files, &mut record.files, keeps)
}

pub(crate) fn is_modules(path: &str) -> bool {
    path == "node_modules" || path.ends_with("/node_modules")
}

/// What Yarn keeps beside the packages it installed, for the next time.
fn is_yarns_own(path: &str) -> bool {
    is_modules(path) || [".yarn/install-state.gz", ".yarn/build-state.yml", ".yarn/unplugged"].contains(&path)
}

/// A changed lockfile updates what is installed.
fn install(runner: &Runner<'_>, files: &Files, record: &mut Record) -> Result<(), EngineError> {
    synchronise_tree(runner, files, record, &is_yarns_own)?;
    run_actions(runner)
}

/// Cut down from the install by Yarn. The tree of the last time is brought up to date, unless the packages
/// that compile changed: those must come from the install, which has all that compiling takes.
fn production_dependencies(runner: &Runner<'_>, files: &Files, record: &mut Record) -> Result<(), EngineError> {
    let job = runner.job;
    let tree = job.tree(&StepId::ProductionDependencies);
    let addons = compiled_packages(job);
    let is_kept = record.packages == addons && tree.join("node_modules").is_dir() && job.reuse == Reuse::Unchanged;
    if !is_kept {
        fs::empty(&tree)?;
        record.files.clear();
        let from = job.tree(&StepId::Install);
        // Yarn writes to its state in place, which a link would share with the install.
        let state = |path: &Path| path.ends_with(".yarn-state.yml") || path.starts_with(".yarn");
        let copied = files_of_install(job);
        let sources = |path: &Path| copied.contains_key(path.to_string_lossy().as_ref());
        hard_link_tree(&from, &tree, &sources, &state)?;
    }
    synchronise(&tree, &job.repo.root, files, &mut record.files, &is_yarns_own)?;
    record.packages = addons;
    run_actions(runner)
}

fn files_of_install(job: &EmbeddedJob) -> Files {
    job.step(&StepId::Install).map(|step| files(job, step)).unwrap_or_default()
}

/// The locked packages that may compile native code, and the builder they were compiled with.
fn compiled_packages(job: &EmbeddedJob) -> BTreeMap<String, String> {
    let names = job.repo.lockfile.native_addons();
    let entries = job.repo.lockfile.entries.iter().filter(|entry| names.contains(entry.name()));
    let locators = entries.map(|entry| (entry.resolution.clone(), String::new()));
    locators.chain([("builder".to_owned(), job.builder.digest.clone())]).collect()
}
