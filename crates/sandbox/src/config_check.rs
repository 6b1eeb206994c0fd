//! `config:check --strict` of the repository's own Backstage CLI, in a sandbox without a network.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use monorepo::Monorepo;
use process::EngineError;

use crate::{Identity, Mount, Network, Sandbox, SandboxedCommand};

/// Where the repository is inside; `/tmp` is of memory, so that any root file system will do.
const PLACE: &str = "/tmp/repository";
/// The CLI's program.
const CLI: &str = "node_modules/@backstage/cli/bin/backstage-cli";
/// Begins the complaints in what the CLI prints.
const MISMATCH: &str = "Configuration does not match schema";

/// Where a check finds what it runs.
#[derive(Debug, Clone)]
pub struct ConfigCheck<'a> {
    /// The repository: its manifests, schemas and configuration.
    pub repo: &'a Monorepo,
    /// The folder with its installed packages.
    pub modules: &'a Path,
    /// A root file system with Node.
    pub root: PathBuf,
    /// Node in it.
    pub node: String,
    /// Variables that are set here; what else the configuration refers to is a placeholder (`--lax`).
    pub variables: Vec<(String, OsString)>,
}

/// What a check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Fits,
    /// The merged configuration does not fit the schemas of the repository's packages.
    Complaints(Vec<String>),
}

impl ConfigCheck<'_> {
    /// Whether there are installed packages with the CLI in a folder.
    pub fn is_installed(modules: &Path) -> bool {
        modules.join(CLI).is_file()
    }

    /// Runs it; `scratch` is an empty folder.
    ///
    /// # Errors
    /// The CLI failed for another reason than a configuration that does not fit, or no sandbox can be made.
    pub fn run(&self, sandbox: &dyn Sandbox, scratch: &Path) -> Result<Verdict, EngineError> {
        self.lay_out(scratch).map_err(EngineError::io("laying out the configuration"))?;
        sandbox.check()?;
        match sandbox.wrap(&self.command(scratch)).read() {
            Ok(_) => Ok(Verdict::Fits),
            Err(EngineError::Failed { tail, .. }) if tail.iter().any(|line| line.contains(MISMATCH)) => {
                let lines = tail.iter().skip_while(|line| !line.contains(MISMATCH)).skip(1);
                let lines = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
                Ok(Verdict::Complaints(lines.collect()))
            }
            Err(error) => Err(error),
        }
    }

    /// Copies what the CLI reads of the repository: whole, it may be large.
    fn lay_out(&self, scratch: &Path) -> std::io::Result<()> {
        let is_read = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name == "package.json" || name.ends_with(".d.ts") || name == "backstage.json" || name == "yarn.lock"
        };
        let repo = self.repo;
        let named = repo.configs.deployed.iter().chain(&repo.configs.referenced).map(String::as_str);
        let named = named.flat_map(|name| repo.tree.under(name)).map(|(path, _)| path);
        let schemas: Vec<String> = repo.workspaces.iter().filter_map(schema).collect();
        let schemas = schemas.iter().map(String::as_str).filter(|path| repo.tree.get(path).is_some());
        for path in repo.tree.iter().map(|(path, _)| path).filter(|path| is_read(path)).chain(named).chain(schemas) {
            let target = scratch.join(path);
            std::fs::create_dir_all(target.parent().unwrap_or(scratch))?;
            std::fs::copy(repo.root.join(path), target)?;
        }
        for folder in self.module_folders() {
            std::fs::create_dir_all(scratch.join(folder))?;
        }
        Ok(())
    }

    fn module_folders(&self) -> Vec<String> {
        let mut folders = self.repo.module_folders();
        folders.retain(|folder| self.modules.join(folder).is_dir());
        folders
    }

    fn command(&self, scratch: &Path) -> SandboxedCommand {
        let mut mounts = vec![Mount::read_only(scratch, PLACE)];
        let modules = self.module_folders().into_iter();
        mounts.extend(modules.map(|folder| Mount::read_only(self.modules.join(&folder), format!("{PLACE}/{folder}"))));
        let mut argv = [&self.node, CLI, "config:check", "--strict", "--lax"].map(str::to_owned).to_vec();
        for file in &self.repo.configs.deployed {
            argv.extend(["--config".to_owned(), file.clone()]);
        }
        SandboxedCommand {
            root: self.root.clone(),
            mounts,
            environment: [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/tmp"), ("CI", "true")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            secrets: self.variables.clone(),
            network: Network::None,
            identity: Identity::default(),
            folder: PLACE.to_owned(),
            argv,
        }
    }
}

/// The schema that a workspace keeps in a file of its own.
fn schema(workspace: &monorepo::Workspace) -> Option<String> {
    let file = workspace.manifest.raw.get("configSchema")?.as_str()?;
    Some(format!("{}/{}", workspace.folder, file.trim_start_matches("./")))
}
