//! Facts into steps.

use std::collections::{BTreeMap, BTreeSet};

use monorepo::{Monorepo, NodeVersion, Workspace, YarnRelease};
use serde::Serialize;

use crate::command_line::{build_package, run, starts_yarn, typecheck};
use crate::fingerprint::{digest_of, inputs, seal};
use crate::health::{HealthCheck, health_check};
use crate::runtime::{runtime_packages, techdocs};
use crate::sources;
use crate::step::{Action, ManifestForm, Script, Step, StepId};

/// Version of the JSON form of a recipe; it grows when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// What an image does when it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuntimeImage {
    /// User and group, as numbers: some platforms refuse names.
    pub user: String,
    /// Working directory.
    pub working_directory: String,
    /// Environment, as `NAME=value`.
    pub environment: Vec<String>,
    /// The port the backend listens on.
    pub port: u16,
    /// Program and arguments.
    pub command: Vec<String>,
    /// How engines ask it whether it is ready.
    pub health_check: Option<HealthCheck>,
    /// Configuration and other files beside the bundle, relative to the root.
    pub files: Vec<String>,
}

/// Everything it takes to make the image of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipe {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Node's version, the same for every stage.
    pub node: NodeVersion,
    /// Reference of the base image.
    pub base_image: String,
    /// Folder of the backend.
    pub backend: String,
    /// Packages that may compile native code when installed.
    pub native_addons: BTreeSet<String>,
    /// The steps, each after what it needs.
    pub steps: Vec<Step>,
    /// The image.
    pub image: RuntimeImage,
    /// SHA-256 over the steps and the image: equal fingerprints mean no work.
    pub fingerprint: String,
}

impl Recipe {
    /// Where the Dockerfile that it is written down as goes, relative to the root: beside the backend.
    pub fn dockerfile(&self) -> String {
        format!("{}/Dockerfile.flightcontrol", self.backend)
    }

    /// Where the ignore file of that goes.
    pub fn ignore_file(&self) -> String {
        format!("{}.dockerignore", self.dockerfile())
    }
}

/// The default base image for a Node version.
pub fn default_base_image(node: &NodeVersion) -> String {
    format!("node:{}-trixie-slim", node.version)
}

/// Plans the image of `repo`, on `base_image` or else the default for its Node version.
pub fn plan(repo: &Monorepo, base_image: Option<&str>) -> Recipe {
    let base_image = base_image.map_or_else(|| default_base_image(&repo.node), str::to_owned);
    let mut steps = vec![toolchain(repo), install(repo), production_dependencies(repo)];
    steps.extend(typecheck_step(repo));
    let bundles = bundle_steps(repo);
    let bundle_ids: Vec<_> = bundles.iter().map(|step| step.id.clone()).collect();
    steps.extend(bundles);
    steps.push(build_backend(repo, &bundle_ids));
    let assemble = assemble(repo, &steps);
    steps.extend(runtime_packages(repo).into_iter().chain(techdocs(repo)));
    steps.push(assemble);
    seal(&mut steps, &base_image);
    let image = runtime_image(repo);
    let fingerprint = digest_of(&(SCHEMA_VERSION, &base_image, &steps, &image, &repo.ignored));
    Recipe {
        schema: SCHEMA_VERSION,
        node: repo.node.clone(),
        base_image,
        backend: repo.backend().folder.clone(),
        native_addons: repo.lockfile.native_addons(),
        steps,
        image,
        fingerprint,
    }
}

pub(crate) fn new_step(
    id: StepId,
    summary: &str,
    needs: Vec<StepId>,
    inputs: crate::step::Inputs,
    actions: Vec<Action>,
) -> Step {
    Step {
        id,
        summary: summary.to_owned(),
        from: needs.first().cloned(),
        needs,
        inputs,
        actions,
        caches: Vec::new(),
        secrets: Vec::new(),
        env: BTreeMap::new(),
        network: false,
        outputs: Vec::new(),
        fingerprint: String::new(),
    }
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

fn toolchain(repo: &Monorepo) -> Step {
    let packages = debian_packages(repo);
    let mut actions = Vec::new();
    if !packages.is_empty() {
        let argv = ["apt-get", "install", "--yes", "--no-install-recommends"].into_iter().chain(packages);
        actions.push(Action::Run { argv: argv.map(str::to_owned).collect(), folder: String::new() });
    }
    if let YarnRelease::Registry { version, .. } = &repo.yarn.release {
        actions.push(run(["npm", "install", "--global", &format!("@yarnpkg/cli-dist@{version}")]));
    }
    let inputs = inputs(repo, ManifestForm::None, Vec::new(), Vec::new());
    let mut step = new_step(StepId::Toolchain, "compilers for native addons, and Yarn", Vec::new(), inputs, actions);
    step.network = !step.actions.is_empty();
    step.secrets = network_secrets(repo);
    step
}

fn all_manifest_folders(repo: &Monorepo) -> Vec<String> {
    std::iter::once(".".to_owned()).chain(repo.workspaces.iter().map(|workspace| workspace.folder.clone())).collect()
}

fn install(repo: &Monorepo) -> Step {
    let inputs = inputs(repo, ManifestForm::Install, all_manifest_folders(repo), sources::install(repo));
    let actions = vec![run(["yarn", "install", "--immutable"])];
    let summary = "every dependency of every workspace; a source edit never comes here";
    let mut step = new_step(StepId::Install, summary, vec![StepId::Toolchain], inputs, actions);
    step.caches = vec!["yarn", "ccache"];
    step.secrets = network_secrets(repo);
    step.network = true;
    step.outputs = vec!["node_modules".to_owned()];
    step
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

fn production_dependencies(repo: &Monorepo) -> Step {
    let folders = std::iter::once(".".to_owned());
    let folders = folders.chain(repo.production_packages().into_iter().map(|workspace| workspace.folder.clone()));
    let inputs = inputs(repo, ManifestForm::Production, folders.collect(), Vec::new());
    let actions =
        vec![run(["yarn", "workspaces", "focus", "--all", "--production"]), script_in_root(Script::CheckLockfile)];
    let summary =
        "what the backend needs at run time, cut down from the install, so that native addons are compiled once";
    let mut step = new_step(StepId::ProductionDependencies, summary, vec![StepId::Install], inputs, actions);
    step.caches = vec!["yarn", "ccache"];
    step.secrets = network_secrets(repo);
    step.network = true;
    step.outputs = vec!["node_modules".to_owned()];
    step
}

fn typecheck_step(repo: &Monorepo) -> Option<Step> {
    let folders = repo.typecheck_folders.as_ref()?;
    let actions = vec![typecheck(repo)?];
    let inputs = inputs(repo, ManifestForm::None, Vec::new(), sources::typecheck(repo, folders));
    let step = new_step(StepId::Typecheck, "a gate beside the build", vec![StepId::Install], inputs, actions);
    Some(with_yarn_secrets(repo, step))
}

/// Yarn refuses to start while a variable of its settings is unset.
fn with_yarn_secrets(repo: &Monorepo, mut step: Step) -> Step {
    if step.actions.iter().any(starts_yarn) {
        step.secrets = network_secrets(repo);
    }
    step.caches.push("node");
    step
}

fn bundle_steps(repo: &Monorepo) -> Vec<Step> {
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

fn build_backend(repo: &Monorepo, bundles: &[StepId]) -> Step {
    let inputs = inputs(repo, ManifestForm::None, Vec::new(), sources::backend(repo));
    let needs = std::iter::once(StepId::Install).chain(bundles.iter().cloned()).collect();
    let actions = vec![build_package(repo, repo.backend())];
    let mut step =
        new_step(StepId::BuildBackend, "the backend, its local packages and the two archives", needs, inputs, actions);
    step.outputs = ["skeleton", "bundle"].map(|name| format!("{}/dist/{name}.tar.gz", repo.backend().folder)).to_vec();
    with_yarn_secrets(repo, step)
}

fn assemble(repo: &Monorepo, steps: &[Step]) -> Step {
    let inputs = inputs(repo, ManifestForm::None, Vec::new(), sources::runtime(repo));
    let needs =
        steps.iter().map(|step| step.id.clone()).filter(|id| !matches!(id, StepId::Toolchain | StepId::Install));
    let actions = vec![script_in_root(Script::CheckSkeleton)];
    let mut step = new_step(StepId::Assemble, "everything under /app of the image", needs.collect(), inputs, actions);
    step.from = None;
    step
}

fn runtime_image(repo: &Monorepo) -> RuntimeImage {
    let mut environment = vec!["NODE_ENV=production".to_owned()];
    if repo.lockfile.entries.iter().any(|entry| entry.name() == "isolated-vm") {
        // isolated-vm crashes Node 20 and later without it (its README, "Requirements").
        environment.push("NODE_OPTIONS=--no-node-snapshot".to_owned());
    }
    let configs = repo.configs.deployed.iter().flat_map(|name| ["--config".to_owned(), name.clone()]);
    RuntimeImage {
        user: "1000:1000".to_owned(),
        working_directory: "/app".to_owned(),
        environment,
        port: repo.configs.port,
        command: ["node".to_owned(), repo.backend().folder.clone()].into_iter().chain(configs).collect(),
        health_check: health_check(repo),
        files: sources::runtime(repo),
    }
}
