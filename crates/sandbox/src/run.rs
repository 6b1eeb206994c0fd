//! One command of a step in its sandbox.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use monorepo::YarnRelease;
use process::{EngineError, Interrupt, SecretSource, blames_environment, fs};
use recipe::{Action, Step, StepId, TECHDOCS, WITH_BUILD_ENVIRONMENT, script_text, yarn_but_bundles};

use crate::job::EmbeddedJob;
use crate::sandbox::{Identity, Mount, Network, SandboxedCommand};

/// The programs of ours that steps find first on their PATH.
const PROGRAMS: &str = "/run/bin";
/// The programs that only the backend's build finds, before all others.
const SHIMS: &str = "/run/shims";
/// The npm package with Yarn, where the repository holds no release.
const YARN_PACKAGE: &str = "/run/yarn";
/// Where the step that installs Python packages finds pip.
const WHEELS: &str = "/run/python-wheels";
/// Where a step that has a folder to fill finds it.
pub(crate) const OUT: &str = "/out";
/// Modes in images do not depend on who builds; and why a native addon failed is in a file that ends with
/// the sandbox.
const WRAPPER: &str = r#"umask 022; "$@" || { code=$?; tail -n 60 /tmp/xfs-*/build.log 2>/dev/null; exit "$code"; }"#;

/// Whether a step finds the output of the bundled packages in their folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bundles {
    Mounted,
    Absent,
}

/// Runs the commands of one step.
pub(crate) struct Runner<'a> {
    pub(crate) job: &'a EmbeddedJob,
    pub(crate) step: &'a Step,
    pub(crate) stop: &'a Interrupt,
    pub(crate) on_line: &'a (dyn Fn(&str) + Sync),
    pub(crate) bundles: Bundles,
}

impl Runner<'_> {
    /// Runs one action; `out` is a folder that it may fill as [`OUT`].
    pub(crate) fn run(&self, action: &Action, out: Option<&Path>, log: &str) -> Result<(), EngineError> {
        let (argv, folder) = match action {
            Action::Run { argv, folder } => (argv.clone(), folder),
            Action::Script { script, folder } => {
                let text = script_text(*script).map_err(broken_script)?;
                (vec!["node".to_owned(), "-e".to_owned(), text], folder)
            }
        };
        let shown = argv.iter().map(|word| word.lines().next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
        let command = self.command(argv, folder, out);
        let log = self.job.logs.join(format!("{log}.log"));
        let result = self.job.sandbox.wrap(&command).stream(Some(&log), self.stop, |line| (self.on_line)(line));
        let Err(error) = result else { return Ok(()) };
        if is_of_the_sandbox(&error) {
            // Every step fails where no sandbox can be made, and only this says why.
            self.job.sandbox.check()?;
        }
        Err(blame(error, shown, &self.step.id, &log))
    }

    fn command(&self, argv: Vec<String>, folder: &str, out: Option<&Path>) -> SandboxedCommand {
        let with_secrets = (!self.step.secrets.is_empty()).then(|| "with-build-environment".to_owned());
        let wrapped = ["/bin/sh", "-c", WRAPPER, "sh"].map(str::to_owned).into_iter().chain(with_secrets).chain(argv);
        let folder = if folder.is_empty() { "/app".to_owned() } else { format!("/app/{folder}") };
        let mut mounts = if self.step.id == StepId::TechDocs { self.techdocs_mounts() } else { self.mounts() };
        mounts.extend(out.map(|out| Mount::writable(out, OUT)));
        SandboxedCommand {
            root: self.job.builder.path.clone(),
            mounts,
            environment: self.environment(),
            secrets: self.secrets(),
            network: if self.step.network { Network::Host } else { Network::None },
            identity: Identity::default(),
            folder,
            argv: wrapped.collect(),
        }
    }

    fn mounts(&self) -> Vec<Mount> {
        let job = self.job;
        let cache = Mount::Memory { inside: "/cache".to_owned() };
        let mut mounts = vec![Mount::writable(job.tree(&self.step.id), "/app"), cache];
        if !matches!(self.step.id, StepId::Install | StepId::ProductionDependencies) {
            mounts.extend(installed_modules(job));
        }
        if self.bundles == Bundles::Mounted {
            mounts.extend(built_bundles(job, self.step));
        }
        mounts.extend(
            self.step.caches.iter().map(|name| Mount::writable(job.caches.join(name), format!("/cache/{name}"))),
        );
        mounts.push(Mount::read_only(programs(job), PROGRAMS));
        if self.step.id == StepId::BuildBackend {
            mounts.push(Mount::read_only(shims(job), SHIMS));
        }
        mounts.extend(job.builder.yarn.as_ref().map(|package| Mount::read_only(package, YARN_PACKAGE)));
        mounts.extend(self.network_mounts());
        mounts
    }

    /// The work tree is the virtual environment, at the place where the image has it.
    fn techdocs_mounts(&self) -> Vec<Mount> {
        let job = self.job;
        // A mount wants a folder, which can be made in memory only.
        let above = TECHDOCS.rsplit_once('/').map_or(TECHDOCS, |(above, _)| above);
        let mut mounts = vec![
            Mount::Memory { inside: above.to_owned() },
            Mount::writable(job.tree(&self.step.id), TECHDOCS),
            Mount::read_only(programs(job), PROGRAMS),
        ];
        mounts.extend(job.builder.pip.as_ref().map(|wheels| Mount::read_only(wheels, WHEELS)));
        mounts.extend(self.network_mounts());
        mounts
    }

    fn network_mounts(&self) -> Vec<Mount> {
        let mut mounts = Vec::new();
        if self.step.network {
            mounts.extend(["/etc/resolv.conf", "/etc/hosts"].iter().filter_map(|path| {
                // Often a link into /run, which the sandbox has not.
                Some(Mount::read_only(Path::new(path).canonicalize().ok()?, *path))
            }));
        }
        if let Some(SecretSource::File(file)) = self.secret("ca") {
            mounts.push(Mount::read_only(file, "/run/secrets/ca"));
        }
        mounts
    }

    fn environment(&self) -> Vec<(String, String)> {
        let shims = if self.step.id == StepId::BuildBackend { format!("{SHIMS}:") } else { String::new() };
        let path =
            format!("{shims}{PROGRAMS}:/usr/lib/ccache:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let mut variables = vec![
            ("PATH", path.as_str()),
            ("HOME", "/tmp"),
            ("YARN_GLOBAL_FOLDER", "/cache/yarn"),
            ("YARN_ENABLE_TELEMETRY", "0"),
            ("YARN_ENABLE_PROGRESS_BARS", "0"),
            ("NODE_COMPILE_CACHE", "/cache/node"),
            ("CCACHE_DIR", "/cache/ccache"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ];
        if self.job.repo.yarn.committed_cache.is_none() {
            variables.push(("YARN_ENABLE_GLOBAL_CACHE", "1"));
        }
        let own = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.chain(self.step.env.clone()).collect()
    }

    fn secret(&self, name: &str) -> Option<&SecretSource> {
        let is_named = |secret: &&process::Secret| secret.id == name && self.step.secrets.contains(&secret.id);
        self.job.secrets.iter().find(is_named).map(|secret| &secret.source)
    }

    fn secrets(&self) -> Vec<(String, OsString)> {
        let variable = |name: &String| match self.secret(name)? {
            SecretSource::Variable(variable) => Some((name.clone(), std::env::var_os(variable)?)),
            SecretSource::File(_) => None,
        };
        self.step.secrets.iter().filter_map(variable).collect()
    }
}

/// What the install left, for the steps that build on it: they cannot change it.
fn installed_modules(job: &EmbeddedJob) -> Vec<Mount> {
    let tree = job.tree(&StepId::Install);
    let modules = job.repo.module_folders().into_iter().filter(|path| tree.join(path).is_dir());
    modules.map(|path| Mount::read_only(tree.join(&path), format!("/app/{path}"))).collect()
}

/// The output of the bundled packages, for the backend's build.
fn built_bundles(job: &EmbeddedJob, step: &Step) -> Vec<Mount> {
    let builds = step.needs.iter().filter(|need| matches!(need, StepId::Build(_)));
    let outputs = builds.filter_map(|need| Some((need, job.step(need)?.outputs.first()?)));
    outputs.map(|(need, path)| Mount::read_only(job.tree(need).join(path), format!("/app/{path}"))).collect()
}

fn programs(job: &EmbeddedJob) -> PathBuf {
    job.state.join("programs")
}

fn shims(job: &EmbeddedJob) -> PathBuf {
    job.state.join("shims")
}

/// Writes the programs that the steps find; called before any of them runs.
pub(crate) fn write_programs(job: &EmbeddedJob) -> Result<(), EngineError> {
    let release = match &job.repo.yarn.release {
        YarnRelease::Committed { path } => format!("/app/{path}"),
        YarnRelease::Registry { .. } => format!("{YARN_PACKAGE}/bin/yarn.js"),
    };
    let yarn = format!("#!/bin/sh\nexec node {release} \"$@\"\n");
    let programs = programs(job);
    write_program(&programs, "yarn", &yarn)?;
    write_program(&programs, "with-build-environment", WITH_BUILD_ENVIRONMENT)?;
    let shim = yarn_but_bundles(&job.repo, &format!("{PROGRAMS}/yarn")).map_err(broken_script)?;
    write_program(&shims(job), "yarn", &shim)
}

fn write_program(folder: &Path, name: &str, text: &str) -> Result<(), EngineError> {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    fs::create(folder)?;
    let write = || {
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
    };
    write().map_err(EngineError::io(format!("writing {}", path.display())))
}

/// Scripts come with this program: a broken one is no fault of the user's.
fn broken_script(error: impl std::fmt::Display) -> EngineError {
    EngineError::Io {
        doing: "filling in a script of assets/".to_owned(),
        source: std::io::Error::other(error.to_string()),
    }
}

/// Whether the sandbox itself spoke, rather than what runs in it.
fn is_of_the_sandbox(error: &EngineError) -> bool {
    matches!(error, EngineError::Failed { tail, .. } if tail.iter().any(|line| line.starts_with("bwrap: ")))
}

/// Says which step failed by which command, and whether the repository or the environment is to blame.
fn blame(error: EngineError, command: String, step: &StepId, log: &Path) -> EngineError {
    let EngineError::Failed { code, tail, hint, .. } = error else { return error };
    let repository = !blames_environment(&tail);
    EngineError::Failed { command, code, step: Some(step.to_string()), tail, hint, repository, log: Some(log.into()) }
}
