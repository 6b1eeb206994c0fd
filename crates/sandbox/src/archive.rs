//! A step that writes an archive: what is in it is laid out in a folder, since we pack it ourselves.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use diagnostics::hexadecimal;
use process::{EngineError, fs};
use recipe::{Action, Archive, DistWorkspace, OUT, PackageBuild};
use sha2::{Digest, Sha256};

use crate::actions::run_actions;
use crate::record::Record;
use crate::run::{HandedIn, Runner};
use crate::tree::Files;
use crate::work_tree::synchronise_tree;

/// By commands that write no archive where there are such, else from the archive.
pub(crate) fn write_archive(
    runner: &Runner<'_>,
    archive: &Archive,
    files: &Files,
    record: &mut Record,
) -> Result<(), EngineError> {
    match &archive.direct {
        Some(commands) => by_commands(runner, commands, files, record),
        None => from_archive(runner, &archive.file, files, record),
    }
}

fn from_archive(runner: &Runner<'_>, file: &str, files: &Files, record: &mut Record) -> Result<(), EngineError> {
    record.packages.clear();
    synchronise_tree(runner, files, record, &[])?;
    run_actions(runner)?;
    let unpacked = runner.job.unpacked();
    fs::empty(&unpacked)?;
    let argv = ["tar", "-xzf", file, "-C", OUT, "--no-same-owner"].map(str::to_owned).to_vec();
    runner.run(&Action::Run { argv, folder: String::new() }, Some(&unpacked), "unpack-bundle")
}

/// Builds the packages whose own files changed, and packs all of them.
fn by_commands(
    runner: &Runner<'_>,
    commands: &DistWorkspace,
    files: &Files,
    record: &mut Record,
) -> Result<(), EngineError> {
    let mut keys = package_keys(runner, &commands.builds, files);
    let is_current = |folder: &str, key: &String| record.packages.get(folder) == Some(key);
    let built = commands.builds.iter().filter(|build| is_current(&build.folder, &keys[&build.folder]));
    let kept: Vec<String> = built.map(|build| format!("{}/dist", build.folder)).collect();
    let bundles = bundle_keys(runner, &commands.bundles, files);
    let are_packed = bundles.iter().all(|(folder, key)| is_current(folder, key));
    synchronise_tree(runner, files, record, &kept)?;
    let tree = runner.job.tree(&runner.step.id);
    let missing = commands.builds.iter().filter(|build| !tree.join(&build.folder).join("dist").is_dir());
    build_packages(runner, &missing.collect::<Vec<_>>())?;
    let packed = if are_packed { set_bundles_aside(runner, &bundles)? } else { Vec::new() };
    let workspace = runner.job.unpacked();
    fs::empty(&workspace)?;
    // Packing copies the output of a bundle, megabytes, file by file: what is packed already is not shown.
    let handed_in = if packed.is_empty() { HandedIn::Mounted } else { HandedIn::Absent };
    let log = runner.step.id.to_string();
    Runner { handed_in, ..*runner }.run(&commands.pack, Some(&workspace), &log)?;
    for (folder, aside) in packed {
        fs::replace(&aside, &workspace.join(folder))?;
    }
    keys.extend(bundles);
    record.packages = keys;
    Ok(())
}

/// Moves the packed bundles out of the workspace of the last time; none when one is not there.
fn set_bundles_aside(
    runner: &Runner<'_>,
    bundles: &BTreeMap<String, String>,
) -> Result<Vec<(String, PathBuf)>, EngineError> {
    let (workspace, aside) = (runner.job.unpacked(), runner.job.bundles_aside());
    if !bundles.keys().all(|folder| workspace.join(folder).is_dir()) {
        return Ok(Vec::new());
    }
    fs::empty(&aside)?;
    let mut moved = Vec::new();
    for (index, folder) in bundles.keys().enumerate() {
        let to = aside.join(index.to_string());
        fs::replace(&workspace.join(folder), &to)?;
        moved.push((folder.clone(), to));
    }
    Ok(moved)
}

/// Builds packages, as many at a time as there are cores.
fn build_packages(runner: &Runner<'_>, builds: &[&PackageBuild]) -> Result<(), EngineError> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), EngineError> {
        while let Some(build) = builds.get(next.fetch_add(1, Ordering::Relaxed)) {
            runner.run(&build.action, None, &format!("build-{}", build.folder.replace('/', "-")))?;
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(builds.len());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Err(EngineError::Interrupted)))
    })
}

/// What the build of each package depends on: its own files, what is outside of every package, the builder
/// and the install. Other packages stay `require` calls.
fn package_keys(runner: &Runner<'_>, builds: &[PackageBuild], files: &Files) -> BTreeMap<String, String> {
    let folders: Vec<_> = runner.job.repo.workspaces.iter().map(|workspace| format!("{}/", workspace.folder)).collect();
    let mut shared = Sha256::new();
    shared.update(&runner.job.builder.digest);
    shared.update(runner.job.origin(runner.step).map_or("", |(origin, _)| &origin.fingerprint));
    for (path, content) in files.iter().filter(|(path, _)| !folders.iter().any(|folder| path.starts_with(folder))) {
        shared.update(format!("{path}\0{}\0", content.fingerprint()));
    }
    let key = |build: &PackageBuild| {
        let start = shared.clone().chain_update(format!("{:?}", build.action));
        (build.folder.clone(), with_folder(start, &build.folder, files))
    };
    builds.iter().map(key).collect()
}

/// What packing a bundled package depends on: the step that built it, and its own files.
fn bundle_keys(runner: &Runner<'_>, bundles: &[String], files: &Files) -> BTreeMap<String, String> {
    let handed = runner.step.inputs.outputs.iter();
    let fingerprints: Vec<_> =
        handed.filter_map(|handed| Some(runner.job.recipe.step(&handed.step)?.fingerprint.as_str())).collect();
    let start = Sha256::new_with_prefix(format!("{} {fingerprints:?}", runner.job.builder.digest));
    bundles.iter().map(|folder| (folder.clone(), with_folder(start.clone(), folder, files))).collect()
}

fn with_folder(mut hash: Sha256, folder: &str, files: &Files) -> String {
    let folder = format!("{folder}/");
    for (path, content) in files.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder)) {
        hash.update(format!("{path}\0{}\0", content.fingerprint()));
    }
    hexadecimal(&hash.finalize())
}
