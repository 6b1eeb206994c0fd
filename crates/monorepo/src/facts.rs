//! Everything we know about a repository, read once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diagnostics::{Problem, Problems};

use crate::agreement::disagreements;
use crate::config_files::{ConfigFiles, FLIGHTCONTROL_CONFIG};
use crate::flightcontrol_settings::DatabaseSsl;
use crate::gitignores::Gitignores;
use crate::ignore_rules::translate_gitignores;
use crate::install_files;
use crate::lockfile::{LOCKFILE, Lockfile};
use crate::manifest::Manifest;
use crate::never::{never_after, never_in_context};
use crate::node_version::NodeVersion;
use crate::role::Role;
use crate::settings::{SETTINGS, Settings};
use crate::tree::Tree;
use crate::typescript::typecheck_folders;
use crate::workspaces::{Workspace, Workspaces};
use crate::yarn_settings::YarnSettings;

/// Which backend to build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BackendChoice {
    /// The only one there is.
    #[default]
    Only,
    /// The one of this package name or folder.
    Named(String),
}

/// The facts of one repository.
#[derive(Debug, Clone)]
pub struct Monorepo {
    /// Absolute path of the root.
    pub root: PathBuf,
    /// Every file that a clone would have.
    pub tree: Tree,
    /// The root manifest.
    pub manifest: Manifest,
    /// All workspaces but the root.
    pub workspaces: Workspaces,
    /// The parsed `yarn.lock`.
    pub lockfile: Lockfile,
    /// Yarn's settings.
    pub yarn: YarnSettings,
    /// The Node version to build and run with.
    pub node: NodeVersion,
    /// The configuration files.
    pub configs: ConfigFiles,
    /// What `xtask.toml` sets.
    pub settings: Settings,
    /// Top-level folders the type check reads; `None` without a `tsconfig.json`.
    pub typecheck_folders: Option<Vec<String>>,
    /// Files besides manifests and settings that an install reads.
    pub install_files: BTreeSet<String>,
    /// What stays out of the build context, in the pattern language of `.dockerignore`.
    pub ignored: Vec<String>,
    /// Oddities that do not stop a build.
    pub notices: Vec<Problem>,
    backend: String,
    gitignores: Gitignores,
}

/// Files that the settings name have to be in a clone.
fn require_files(root: &Path, settings: &Settings, tree: &Tree) -> Result<(), Problem> {
    let Some(path) = settings.runtime.files.iter().find(|path| !tree.contains(path)) else { return Ok(()) };
    let is_there = root.join(path).exists() && !path.split('/').any(|part| part == "..");
    let found = if is_there { "which no clone has" } else { "which is not there" };
    let next = if is_there { "take it out of .gitignore" } else { "fix `files` of [runtime]" };
    Err(Problem::new(
        SETTINGS,
        format!("the file {path:?}, {found}"),
        "files and folders of the repository, relative to its root",
        next,
    ))
}

impl Monorepo {
    /// Reads the repository at `root`.
    ///
    /// # Errors
    /// All problems of the stage that failed: settings and manifests first, then the lockfile's
    /// agreement with them.
    pub fn read(root: &Path, choice: &BackendChoice) -> Result<Self, Problems> {
        let manifest = Manifest::read(root, "package.json")?;
        let lockfile = read_lockfile(root)?;
        let mut tree = Tree::scan(root)?;
        let yarn = YarnSettings::read(root, &manifest, &tree)?;
        let node = NodeVersion::read(root, &manifest)?;
        let workspaces = Workspaces::read(root, &manifest, &tree)?;
        remove_outputs(&mut tree, &workspaces);
        let backend = choose_backend(&workspaces, choice)?.name.clone();
        require_agreement(&lockfile, &manifest, &workspaces)?;
        let folders: Vec<&str> = workspaces.iter().map(|workspace| workspace.folder.as_str()).collect();
        let gitignores = read_gitignores(root, &tree);
        let settings = Settings::read(root)?;
        require_files(root, &settings, &tree)?;
        settings.flightcontrol.require_ca(&tree)?;
        let configs = ConfigFiles::read(root, &tree, &folders)?;
        let mut notices = notices(&manifest, &workspaces, &tree);
        notices.extend(techdocs_notice(&settings, &configs));
        Ok(Self {
            settings,
            configs,
            typecheck_folders: typecheck_folders(root, &tree, &folders),
            install_files: install_files(&manifest, &workspaces, &tree),
            ignored: ignored(&gitignores, &tree, &folders),
            notices,
            root: root.to_owned(),
            tree,
            manifest,
            lockfile,
            yarn,
            node,
            backend,
            gitignores: Gitignores::new(&gitignores),
            workspaces,
        })
    }

    /// The facts as they will be when the configuration for Flightcontrol has this text.
    #[must_use]
    pub fn with_flightcontrol_config(mut self, text: &str) -> Self {
        let settings = &self.settings.flightcontrol;
        let certificates = (settings.ssl == DatabaseSsl::Verify).then_some(settings.ca_file.as_str());
        self.configs.add_flightcontrol(text, certificates);
        self.tree.insert(FLIGHTCONTROL_CONFIG, text);
        self
    }

    /// The backend that is built.
    #[expect(clippy::expect_used, reason = "chosen among the workspaces when the facts were read")]
    pub fn backend(&self) -> &Workspace {
        self.workspaces.get(&self.backend).expect("the backend is a workspace")
    }

    /// Whether this release line of Node is one that the repository asks for.
    pub fn allows_node(&self, major: u32) -> bool {
        self.node.allows(major, &self.manifest)
    }

    /// The packages of the production workspace, sorted by folder.
    pub fn production_packages(&self) -> Vec<&Workspace> {
        self.workspaces.production_closure(self.backend())
    }

    /// Whether a file at this path might exist and yet not be in the tree: it is no source of a clone.
    pub fn may_leave_out(&self, path: &str) -> bool {
        self.never_reads(path) || self.gitignores.may_ignore(path)
    }

    /// Whether a source at this path is left out only because of a `.gitignore`; git has it when it was added by force.
    pub fn is_ignored_source(&self, path: &str) -> bool {
        self.gitignores.may_ignore(path) && self.tree.get(path).is_none() && !self.never_reads(path)
    }

    /// Build outputs, and what never belongs in a build.
    fn never_reads(&self, path: &str) -> bool {
        let path_and_folders = Path::new(path).ancestors();
        let is_output = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with("/dist/"));
        path.starts_with("dist-types/")
            || self.workspaces.iter().any(|workspace| is_output(&workspace.folder))
            || path_and_folders.into_iter().any(|at| at.file_name().is_some_and(|name| never_in_context(name, at)))
    }

    /// Those of the production packages that the CLI builds with the bundler.
    pub fn bundles(&self) -> Vec<&Workspace> {
        self.production_packages().into_iter().filter(|workspace| workspace.is_bundle()).collect()
    }

    /// The folders that an install may put packages into, relative to the root.
    pub fn module_folders(&self) -> Vec<String> {
        let workspaces = self.workspaces.iter().map(|workspace| format!("{}/node_modules", workspace.folder));
        std::iter::once("node_modules".to_owned()).chain(workspaces).collect()
    }
}

/// Build outputs are not sources, also where git does not ignore them.
fn remove_outputs(tree: &mut Tree, workspaces: &Workspaces) {
    for workspace in workspaces.iter() {
        tree.remove(&format!("{}/dist", workspace.folder));
    }
    tree.remove("dist-types");
}

fn read_lockfile(root: &Path) -> Result<Lockfile, Problem> {
    match std::fs::read_to_string(root.join(LOCKFILE)) {
        Ok(text) => Lockfile::parse(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Problem::new(
            LOCKFILE,
            "no lockfile",
            "a committed yarn.lock",
            "make one with `yarn install` and commit it",
        )),
        Err(error) => Err(Problem::unreadable(Path::new(LOCKFILE), &error)),
    }
}

fn choose_backend<'a>(workspaces: &'a Workspaces, choice: &BackendChoice) -> Result<&'a Workspace, Problem> {
    let backends: Vec<_> =
        workspaces.iter().filter(|workspace| workspace.manifest.role() == Some(Role::Backend)).collect();
    let list = || backends.iter().map(|one| format!("{} ({})", one.name, one.folder)).collect::<Vec<_>>().join(", ");
    match (choice, backends.as_slice()) {
        (BackendChoice::Named(wanted), _) => backends
            .iter()
            .find(|one| one.name == *wanted || one.folder == wanted.trim_end_matches('/'))
            .copied()
            .ok_or_else(|| {
                let found = format!("no backend {wanted}; there are: {}", list());
                Problem::new(
                    "package.json",
                    found,
                    "a workspace with the role backend",
                    "name one with `--backend NAME`",
                )
            }),
        (BackendChoice::Only, [only]) => Ok(only),
        (BackendChoice::Only, []) => Err(Problem::new(
            "package.json",
            format!("no backend among {} workspaces", workspaces.len()),
            "a workspace whose package.json has \"backstage\": {\"role\": \"backend\"}",
            "add the role to the backend's package.json; `yarn backstage-cli migrate package-roles` does it",
        )),
        (BackendChoice::Only, _) => Err(Problem::new(
            "package.json",
            format!("{} backends: {}", backends.len(), list()),
            "one, or a choice",
            format!("choose with `--backend {}`", backends[0].name),
        )),
    }
}

fn require_agreement(lockfile: &Lockfile, manifest: &Manifest, workspaces: &Workspaces) -> Result<(), Problems> {
    let root_name = manifest.name.as_deref().unwrap_or("root-workspace");
    let mut problems = match lockfile.workspace(root_name, ".") {
        // Yarn invents a name with a hash for a root without one.
        None if manifest.name.is_none() => Vec::new(),
        _ => disagreements(lockfile, root_name, ".", manifest),
    };
    for workspace in workspaces.iter() {
        problems.extend(disagreements(lockfile, &workspace.name, &workspace.folder, &workspace.manifest));
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

fn install_files(manifest: &Manifest, workspaces: &Workspaces, tree: &Tree) -> BTreeSet<String> {
    let mut files = install_files::named_by("", manifest, tree);
    for workspace in workspaces.iter() {
        files.extend(install_files::named_by(&workspace.folder, &workspace.manifest, tree));
    }
    files
}

/// The `.gitignore` files, as folder and text.
fn read_gitignores(root: &Path, tree: &Tree) -> Vec<(String, String)> {
    let folder_of = |path: &str| match path.strip_suffix(".gitignore") {
        Some(folder) if folder.is_empty() || folder.ends_with('/') => Some(folder.trim_end_matches('/').to_owned()),
        _ => None,
    };
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    tree.iter().filter_map(|(path, _)| folder_of(path).map(|folder| (folder, read(path)))).collect()
}

fn ignored(gitignores: &[(String, String)], tree: &Tree, workspace_folders: &[&str]) -> Vec<String> {
    let mut patterns = translate_gitignores(gitignores, tree);
    patterns.extend(never_after(&patterns, output_patterns(tree, workspace_folders)));
    patterns
}

/// `packages/*/dist` rather than a line per package, unless a folder there is no workspace and has sources
/// in its `dist`.
fn output_patterns(tree: &Tree, workspace_folders: &[&str]) -> BTreeSet<String> {
    let is_output = |parent: &str| {
        let below =
            |path: &str| path.strip_prefix(parent)?.strip_prefix('/')?.split('/').nth(1).map(|name| name == "dist");
        !tree.under(parent).any(|(path, _)| below(path) == Some(true))
    };
    let parents: BTreeSet<&str> =
        workspace_folders.iter().filter_map(|folder| folder.rsplit_once('/')).map(|(parent, _)| parent).collect();
    let parents: BTreeSet<&str> = parents.into_iter().filter(|parent| is_output(parent)).collect();
    let pattern = |folder: &&str| match folder.rsplit_once('/') {
        Some((parent, _)) if parents.contains(parent) => format!("{parent}/*/dist"),
        _ => format!("{folder}/dist"),
    };
    workspace_folders.iter().map(pattern).chain(["dist-types".to_owned()]).collect()
}

/// TechDocs starts a container for each generation unless told otherwise (`techdocs-node`, `TechdocsGenerator`),
/// which an image cannot.
fn techdocs_notice(settings: &Settings, configs: &ConfigFiles) -> Option<Problem> {
    let file = configs.deployed.last().map_or("app-config.production.yaml", String::as_str);
    let is_needed = settings.techdocs.enabled && configs.techdocs_run_in.as_deref() != Some("local");
    let found = configs.techdocs_run_in.as_deref().unwrap_or("nothing, which means docker");
    is_needed.then(|| {
        Problem::new(
            file,
            format!("{found} as techdocs.generator.runIn, with [techdocs] enabled in {SETTINGS}"),
            "local: MkDocs is in the image, and it can start no container",
            "write `techdocs: {generator: {runIn: local}}`",
        )
    })
}

fn notices(manifest: &Manifest, workspaces: &Workspaces, tree: &Tree) -> Vec<Problem> {
    let mut notices = Vec::new();
    if let Some(cycle) = workspaces.cycle() {
        notices.push(Problem::new(
            "package.json",
            format!("workspaces that depend on each other in a circle: {}", cycle.join(" → ")),
            "dependencies without a circle",
            "move what they share into a package of its own",
        ));
    }
    for glob in manifest.workspaces.as_ref().map_or(&[][..], |field| field.globs()) {
        let base = glob.split(['*', '{', '[', '?']).next().unwrap_or_default().trim_end_matches('/');
        if !glob.starts_with('!') && !base.is_empty() && !tree.contains(base) {
            notices.push(Problem::new(
                "package.json",
                format!("the workspace glob \"{glob}\", which matches nothing"),
                format!("a folder {base}"),
                "remove the glob, or commit the folder",
            ));
        }
    }
    notices
}
