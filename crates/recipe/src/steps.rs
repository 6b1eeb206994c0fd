//! What each step is, from the facts.

use std::collections::{BTreeMap, BTreeSet};

use monorepo::{Monorepo, Workspace, YarnRelease};

use crate::action::{Action, Script};
use crate::archive::Archive;
use crate::command_line::{build_package, run, starts_yarn, typecheck};
use crate::dist_workspace::dist_workspace;
use crate::fingerprint::inputs;
use crate::place::{Place, Root, YarnPackage};
use crate::runtime_image::WORKING_DIRECTORY;
use crate::sources;
use crate::step::{
    Cache, Handed, Inputs, Keeps, ManifestForm, Origin, OriginForm, Platform, Sharing, Shim, Step, StepId,
};

/// The folder that Yarn installs into, in the root and in workspaces.
const MODULES: &str = "node_modules";

/// A step in a work tree as the image has it, which sees what the install left and nothing else.
pub(crate) fn new_step(id: StepId, summary: &str, needs: Vec<StepId>, inputs: Inputs, actions: Vec<Action>) -> Step {
    Step {
        id,
        summary: summary.to_owned(),
        place: Place::WorkTree { at: WORKING_DIRECTORY.to_owned(), over: Root::Builder, packages: Vec::new() },
        from: needs.first().map(|step| Origin { step: step.clone(), form: OriginForm::Linked }),
        needs,
        inputs,
        actions,
        keeps: Keeps { paths: vec![MODULES.to_owned()], compiled: None },
        outputs: Vec::new(),
        optional_outputs: Vec::new(),
        archive: None,
        shims: Vec::new(),
        gate: false,
        platform: Platform::Build,
        caches: Vec::new(),
        secrets: Vec::new(),
        env: BTreeMap::new(),
        network: false,
        fingerprint: String::new(),
    }
}

/// The install, or what it becomes by leaving packages out, in a work tree that Yarn brings up to date.
fn installing(repo: &Monorepo, mut step: Step) -> Step {
    step.caches =
        vec![Cache { name: "yarn", sharing: Sharing::Exclusive }, Cache { name: "ccache", sharing: Sharing::Shared }];
    step.secrets = network_secrets(repo);
    step.network = true;
    step.outputs = vec![MODULES.to_owned()];
    step.optional_outputs = repo.module_folders();
    step.optional_outputs.retain(|folder| folder != MODULES);
    // What Yarn keeps beside the packages it installed, for the next time.
    let state = [".yarn/install-state.gz", ".yarn/build-state.yml", ".yarn/unplugged"];
    step.keeps.paths.extend(state.map(str::to_owned));
    step
}

/// The secrets of every step that talks to a registry: a CA bundle, the proxies, and the variables
/// that the settings files refer to.
pub(crate) fn network_secrets(repo: &Monorepo) -> Vec<String> {
    let fixed = ["ca", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].map(str::to_owned);
    let named = repo.yarn.variables.iter().filter(|name| !fixed.contains(name)).cloned();
    fixed.iter().cloned().chain(named).collect()
}

/// Debian packages that installs need: a compiler for native addons (with a cache, since a changed lockfile
/// would compile SQLite for a minute again), git for dependencies from a repository.
pub(crate) fn debian_packages(repo: &Monorepo) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !repo.lockfile.native_addons().is_empty() {
        packages.extend(["ccache", "g++", "make", "python3"]);
    }
    let is_git = |resolution: &str| resolution.contains("#commit=");
    if repo.lockfile.entries.iter().any(|entry| is_git(&entry.resolution)) {
        packages.extend(["ca-certificates", "git", "openssh-client"]);
    }
    packages
}

pub(crate) fn toolchain(repo: &Monorepo) -> Step {
    let packages: Vec<String> = debian_packages(repo).into_iter().map(str::to_owned).collect();
    let yarn = match &repo.yarn.release {
        YarnRelease::Registry { version, hash } => {
            Some(YarnPackage { package: format!("@yarnpkg/cli-dist@{version}"), hash: hash.clone() })
        }
        YarnRelease::Committed { .. } => None,
    };
    let inputs = inputs(repo, ManifestForm::None, Vec::new(), Vec::new());
    let summary = "compilers for native addons, and Yarn";
    let mut step = new_step(StepId::Toolchain, summary, Vec::new(), inputs, Vec::new());
    step.network = !packages.is_empty() || yarn.is_some();
    step.secrets = network_secrets(repo);
    step.keeps = Keeps::default();
    step.place = Place::BuilderRoot { packages, yarn };
    step
}

fn all_manifest_folders(repo: &Monorepo) -> Vec<String> {
    std::iter::once(".".to_owned()).chain(repo.workspaces.iter().map(|workspace| workspace.folder.clone())).collect()
}

pub(crate) fn install(repo: &Monorepo) -> Step {
    let inputs = inputs(repo, ManifestForm::Install, all_manifest_folders(repo), sources::install(repo));
    let actions = vec![run(["yarn", "install", "--immutable"])];
    let summary = "every dependency of every workspace; a source edit never comes here";
    installing(repo, new_step(StepId::Install, summary, vec![StepId::Toolchain], inputs, actions))
}

/// Top-level folders that hold workspaces.
pub(crate) fn workspace_tops(repo: &Monorepo) -> Vec<String> {
    let tops: BTreeSet<_> =
        repo.workspaces.iter().filter_map(|workspace| workspace.folder.split('/').next()).map(str::to_owned).collect();
    tops.into_iter().collect()
}

fn script_in_root(script: Script) -> Action {
    Action::Script { script, folder: String::new() }
}

pub(crate) fn production_dependencies(repo: &Monorepo) -> Step {
    let folders = std::iter::once(".".to_owned());
    let folders = folders.chain(repo.production_packages().into_iter().map(|workspace| workspace.folder.clone()));
    let inputs = inputs(repo, ManifestForm::Production, folders.collect(), Vec::new());
    let actions =
        vec![run(["yarn", "workspaces", "focus", "--all", "--production"]), script_in_root(Script::CheckLockfile)];
    let summary =
        "what the backend needs at run time, cut down from the install, so that native addons are compiled once";
    let mut step = new_step(StepId::ProductionDependencies, summary, vec![StepId::Install], inputs, actions);
    // Yarn writes its state in place.
    let private = vec![".yarn-state.yml".to_owned(), ".yarn".to_owned()];
    step.from = Some(Origin { step: StepId::Install, form: OriginForm::CutDown { private } });
    step.platform = Platform::Target;
    step.keeps.compiled = Some(compiled_packages(repo));
    installing(repo, step)
}

/// The locked packages that may compile native code.
fn compiled_packages(repo: &Monorepo) -> Vec<String> {
    let names = repo.lockfile.native_addons();
    let entries = repo.lockfile.entries.iter().filter(|entry| names.contains(entry.name()));
    entries.map(|entry| entry.resolution.clone()).collect()
}

pub(crate) fn typecheck_step(repo: &Monorepo) -> Option<Step> {
    let folders = repo.typecheck_folders.as_ref()?;
    let actions = vec![typecheck(repo)?];
    let inputs = inputs(repo, ManifestForm::None, Vec::new(), sources::typecheck(repo, folders));
    let mut step = new_step(StepId::Typecheck, "a gate beside the build", vec![StepId::Install], inputs, actions);
    step.gate = true;
    Some(with_yarn_secrets(repo, step))
}

/// Yarn refuses to start while a variable of its settings is unset.
fn with_yarn_secrets(repo: &Monorepo, mut step: Step) -> Step {
    if step.actions.iter().any(starts_yarn) {
        step.secrets = network_secrets(repo);
    }
    step.caches.push(Cache { name: "node", sharing: Sharing::Shared });
    step
}

pub(crate) fn bundle_steps(repo: &Monorepo) -> Vec<Step> {
    let bundles = repo.bundles();
    let step = |package: &&Workspace| {
        let inputs = inputs(repo, ManifestForm::None, Vec::new(), sources::bundle(repo, package));
        let summary = format!("the bundle of {}", package.name);
        let id = StepId::Build(stage_suffix(package, &bundles));
        let sort = Action::Script { script: Script::SortConfigSchema, folder: package.folder.clone() };
        let actions = vec![build_package(repo, package), sort];
        let mut step = new_step(id, &summary, vec![StepId::Install], inputs, actions);
        step.outputs = vec![format!("{}/dist", package.folder)];
        with_yarn_secrets(repo, step)
    };
    bundles.iter().map(step).collect()
}

/// The end of the folder's path, or all of it where two ends are the same.
fn stage_suffix(package: &Workspace, all: &[&Workspace]) -> String {
    let end = |folder: &str| folder.rsplit('/').next().unwrap_or(folder).to_owned();
    let own = end(&package.folder);
    let is_unique = all.iter().filter(|other| end(&other.folder) == own).count() == 1 && own != "backend";
    let name = if is_unique { own } else { package.folder.replace('/', "-") };
    let name = name.to_lowercase();
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

pub(crate) fn build_backend(repo: &Monorepo, bundles: &[Step]) -> Step {
    let mut inputs = inputs(repo, ManifestForm::None, Vec::new(), sources::backend(repo));
    let handed = |step: &Step| step.outputs.first().map(|path| Handed { step: step.id.clone(), path: path.clone() });
    inputs.outputs = bundles.iter().filter_map(handed).collect();
    let needs = std::iter::once(StepId::Install).chain(bundles.iter().map(|step| step.id.clone())).collect();
    let actions = vec![build_package(repo, repo.backend())];
    let mut step =
        new_step(StepId::BuildBackend, "the backend, its local packages and the two archives", needs, inputs, actions);
    let archive = |name: &str| format!("{}/dist/{name}.tar.gz", repo.backend().folder);
    step.outputs = vec![archive("skeleton"), archive("bundle")];
    step.archive = Some(Archive {
        file: archive("bundle"),
        manifests: repo.production_packages().iter().map(|package| package.manifest_path()).collect(),
        direct: dist_workspace(repo),
    });
    let built: Vec<_> = repo.bundles().iter().map(|package| package.folder.clone()).collect();
    if !built.is_empty() {
        step.shims = vec![Shim { name: "yarn".to_owned(), built }];
    }
    with_yarn_secrets(repo, step)
}

pub(crate) fn assemble(repo: &Monorepo, steps: &[Step]) -> Step {
    let inputs = inputs(repo, ManifestForm::None, Vec::new(), sources::runtime(repo));
    let needs =
        steps.iter().map(|step| step.id.clone()).filter(|id| !matches!(id, StepId::Toolchain | StepId::Install));
    let actions = vec![script_in_root(Script::CheckSkeleton)];
    let mut step = new_step(StepId::Assemble, "everything under /app of the image", needs.collect(), inputs, actions);
    step.from = None;
    step.place = Place::Image;
    step.keeps = Keeps::default();
    step.platform = Platform::Target;
    step
}
