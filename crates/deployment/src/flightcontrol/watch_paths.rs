//! Which files have to start a deployment when they change.

use std::collections::BTreeSet;

use monorepo::Monorepo;

use recipe::Recipe;

/// Globs over everything the steps read, and the Dockerfile: a folder at the root is watched as a whole.
pub(crate) fn watch_paths(repo: &Monorepo, recipe: &Recipe) -> Vec<String> {
    let globs: BTreeSet<String> = inputs(repo, recipe).into_iter().map(|path| glob(&path)).collect();
    globs.into_iter().collect()
}

/// Every file that a build reads.
pub(crate) fn inputs(repo: &Monorepo, recipe: &Recipe) -> BTreeSet<String> {
    let steps = recipe.steps.iter().map(|step| &step.inputs);
    let manifests = steps.clone().flat_map(|inputs| &inputs.manifest_folders).map(|folder| match folder.as_str() {
        "." => "package.json".to_owned(),
        folder => format!("{folder}/package.json"),
    });
    let paths = steps.flat_map(|inputs| &inputs.paths);
    let files = paths.flat_map(|path| repo.tree.under(path).map(|(file, _)| file.to_owned()));
    manifests.chain(files).chain([recipe.dockerfile(), recipe.ignore_file()]).collect()
}

fn glob(path: &str) -> String {
    match path.split_once('/') {
        Some((top, _)) => format!("{top}/**"),
        None => path.to_owned(),
    }
}
