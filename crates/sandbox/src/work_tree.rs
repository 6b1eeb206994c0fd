//! A step's work tree: what is in it before the step's commands run.

use std::collections::BTreeMap;
use std::path::Path;

use process::{EngineError, fs};
use recipe::{OriginForm, Step, reduced_manifests};

use crate::files::hard_link_tree;
use crate::job::{EmbeddedJob, Reuse};
use crate::record::Record;
use crate::run::Runner;
use crate::tree::{Content, Files, synchronise};

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

/// Brings the work tree in line with what the step reads. What it keeps stays, unless that is stale.
pub(crate) fn prepare_tree(runner: &Runner<'_>, files: &Files, record: &mut Record) -> Result<(), EngineError> {
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
