//! One command of a step in its sandbox.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use monorepo::YarnRelease;
use process::{EngineError, Interrupt, SecretSource, blames_environment, fs};
use recipe::{
    Action, Handed, OUT, OriginForm, Place, Step, StepId, WITH_BUILD_ENVIRONMENT, WORKING_DIRECTORY, script_text,
    shim_text,
};

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
/// Modes in images do not depend on who builds; and why a native addon failed is in a file that ends with
/// the sandbox.
const WRAPPER: &str = r#"umask 022; "$@" || { code=$?; tail -n 60 /tmp/xfs-*/build.log 2>/dev/null; exit "$code"; }"#;

/// Whether a command finds what other steps hand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandedIn {
    Mounted,
    Absent,
}

/// Runs the commands of one step.
pub(crate) struct Runner<'a> {
    pub(crate) job: &'a EmbeddedJob,
    pub(crate) step: &'a Step,
    pub(crate) stop: &'a Interrupt,
    pub(crate) on_line: &'a (dyn Fn(&str) + Sync),
    pub(crate) handed_in: HandedIn,
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
        let folder =
            if folder.is_empty() { WORKING_DIRECTORY.to_owned() } else { format!("{WORKING_DIRECTORY}/{folder}") };
        let mut mounts = self.mounts();
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
        let (job, step) = (self.job, self.step);
        let mut mounts = self.tree_mounts();
        mounts.push(Mount::Memory { inside: "/cache".to_owned() });
        if let Some((origin, OriginForm::Linked)) = job.origin(step) {
            mounts.extend(outputs_of(job, origin));
        }
        if self.handed_in == HandedIn::Mounted {
            let mount = |handed: &Handed| {
                Mount::read_only(
                    job.tree(&handed.step).join(&handed.path),
                    format!("{WORKING_DIRECTORY}/{}", handed.path),
                )
            };
            mounts.extend(step.inputs.outputs.iter().map(mount));
        }
        let cache =
            |cache: &recipe::Cache| Mount::writable(job.caches.join(cache.name), format!("/cache/{}", cache.name));
        mounts.extend(step.caches.iter().map(cache));
        mounts.push(Mount::read_only(programs(job), PROGRAMS));
        if !step.shims.is_empty() {
            mounts.push(Mount::read_only(shims(job, step), SHIMS));
        }
        mounts.extend(job.builder.yarn.as_ref().map(|package| Mount::read_only(package, YARN_PACKAGE)));
        mounts.extend(job.pip_of(step).map(|wheels| Mount::read_only(wheels, WHEELS)));
        mounts.extend(self.network_mounts());
        mounts
    }

    /// The work tree, where the step's commands see it.
    fn tree_mounts(&self) -> Vec<Mount> {
        let Place::WorkTree { at, .. } = &self.step.place else { return Vec::new() };
        let tree = Mount::writable(self.job.tree(&self.step.id), at);
        match at.rsplit_once('/') {
            // A mount wants a folder, which can be made in memory only.
            Some((above, _)) if at != WORKING_DIRECTORY => vec![Mount::Memory { inside: above.to_owned() }, tree],
            _ => vec![tree],
        }
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
        let shims = if self.step.shims.is_empty() { String::new() } else { format!("{SHIMS}:") };
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

/// What a step left, for those that build on it: they cannot change it.
fn outputs_of<'a>(job: &'a EmbeddedJob, step: &'a Step) -> impl Iterator<Item = Mount> + 'a {
    let tree = job.tree(&step.id);
    let outputs = step.all_outputs().map(move |path| (tree.join(path), path)).filter(|(output, _)| output.is_dir());
    outputs.map(|(output, path)| Mount::read_only(output, format!("{WORKING_DIRECTORY}/{path}")))
}

fn programs(job: &EmbeddedJob) -> PathBuf {
    job.state.join("programs")
}

fn shims(job: &EmbeddedJob, step: &Step) -> PathBuf {
    job.state.join("shims").join(step.id.to_string())
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
    for step in &job.recipe.steps {
        for shim in &step.shims {
            let text = shim_text(shim, &format!("{PROGRAMS}/{}", shim.name)).map_err(broken_script)?;
            write_program(&shims(job, step), &shim.name, &text)?;
        }
    }
    Ok(())
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
