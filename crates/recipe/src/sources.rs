//! Which files of the tree each step reads.

use std::collections::BTreeSet;

use monorepo::{FLIGHTCONTROL_CONFIG, LOCKFILE, Monorepo, Workspace, YARNRC, YarnRelease};

/// Root files that build tools look for by themselves, besides manifests.
fn tool_settings(repo: &Monorepo) -> impl Iterator<Item = String> {
    const NOT_FOR_BUILDS: &[&str] =
        &["playwright.", "jest.", "vitest.", "prettier.", "eslint.", "cypress.", "commitlint."];
    let is_setting = |path: &str| {
        let named = path.starts_with("tsconfig") && path.ends_with(".json")
            || path.contains(".config.")
            || matches!(path, "backstage.json" | ".browserslistrc" | ".swcrc" | ".babelrc" | ".babelrc.json");
        named && !path.contains('/') && !NOT_FOR_BUILDS.iter().any(|start| path.starts_with(start))
    };
    repo.tree.iter().map(|(path, _)| path).filter(move |path| is_setting(path)).map(str::to_owned)
}

/// What an install reads besides manifests.
pub(crate) fn install(repo: &Monorepo) -> Vec<String> {
    let yarn = &repo.yarn;
    let release = match &yarn.release {
        YarnRelease::Committed { path } => Some(path.clone()),
        YarnRelease::Registry { .. } => None,
    };
    let fixed = [LOCKFILE, YARNRC, "backstage.json", ".yarn/patches"].map(str::to_owned);
    let paths = fixed
        .into_iter()
        .chain(release)
        .chain(yarn.plugins.iter().cloned())
        .chain(yarn.committed_cache.clone())
        .chain(yarn.ca_file.clone())
        .chain(yarn.npmrc.then(|| ".npmrc".to_owned()))
        .chain(repo.install_files.iter().cloned());
    existing(repo, paths)
}

/// What the type check reads.
pub(crate) fn typecheck(repo: &Monorepo, folders: &[String]) -> Vec<String> {
    existing(repo, folders.iter().cloned().chain(tool_settings(repo)))
}

/// What the bundler reads for one package.
pub(crate) fn bundle(repo: &Monorepo, package: &Workspace) -> Vec<String> {
    let locals = repo.workspaces.source_closure(package);
    if locals.iter().any(|workspace| workspace.has_custom_build()) {
        return everything(repo);
    }
    let folders = locals.into_iter().map(|workspace| workspace.folder.clone());
    // The deployment's own is for the running backend: a new connection is no reason to bundle again.
    let script = package.manifest.script("build").unwrap_or_default();
    let is_read = |config: &&String| *config != FLIGHTCONTROL_CONFIG || script.contains(FLIGHTCONTROL_CONFIG);
    let configs = repo.configs.all.iter().filter(is_read).cloned();
    existing(repo, folders.chain(configs).chain(tool_settings(repo)))
}

/// What the backend's build reads: its own sources, those of the packages it takes along, and of a
/// bundled package only what packing adds to the output of its own step.
pub(crate) fn backend(repo: &Monorepo) -> Vec<String> {
    let packages = repo.production_packages();
    if packages.iter().any(|workspace| workspace.has_custom_build()) {
        return everything(repo);
    }
    let sources = packages.iter().flat_map(|workspace| {
        if workspace.is_bundle() { packed_beside_output(repo, workspace) } else { vec![workspace.folder.clone()] }
    });
    let root = ["package.json", LOCKFILE].map(str::to_owned);
    existing(repo, sources.chain(root).chain(tool_settings(repo)))
}

/// Configuration and what it refers to, as the running backend reads it.
pub(crate) fn runtime(repo: &Monorepo) -> Vec<String> {
    let configs = &repo.configs;
    let backstage = std::iter::once("backstage.json".to_owned());
    let named = &repo.settings.runtime.files;
    existing(repo, configs.deployed.iter().chain(&configs.referenced).chain(named).cloned().chain(backstage))
}

fn everything(repo: &Monorepo) -> Vec<String> {
    let tops = repo.tree.iter().map(|(path, _)| path.split('/').next().unwrap_or(path).to_owned());
    tops.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What npm packs whatever `files` says (npm's documentation of `files` in package.json), and what
/// `files` lists beside the build output.
fn packed_beside_output(repo: &Monorepo, workspace: &Workspace) -> Vec<String> {
    let folder = &workspace.folder;
    let Some(files) = &workspace.manifest.files else { return vec![folder.clone()] };
    let always = repo.tree.under(folder).map(|(path, _)| path).filter(|path| {
        let name = path.strip_prefix(folder.as_str()).unwrap_or(path).trim_start_matches('/').to_lowercase();
        !name.contains('/')
            && ["package.json", "readme", "license", "licence", "copying"].iter().any(|start| name.starts_with(start))
    });
    let listed = files.iter().map(|file| file.trim_start_matches("./")).filter(|file| !file.starts_with("dist"));
    let listed = listed.map(|file| match file.split_once('*') {
        Some(_) => folder.clone(),
        None => format!("{folder}/{}", file.trim_end_matches('/')),
    });
    always.map(str::to_owned).chain(listed).collect()
}

/// Sorted, without what is not in the tree and without what a listed folder already holds.
fn existing(repo: &Monorepo, paths: impl Iterator<Item = String>) -> Vec<String> {
    let sorted: BTreeSet<String> = paths.filter(|path| repo.tree.contains(path)).collect();
    let is_inside_another = |path: &str| path.match_indices('/').any(|(end, _)| sorted.contains(&path[..end]));
    sorted.iter().filter(|path| !is_inside_another(path)).cloned().collect()
}
