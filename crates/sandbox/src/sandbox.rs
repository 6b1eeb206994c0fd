//! A sandbox of Linux namespaces: what a step may see and reach, as a value, and bubblewrap, which makes it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use process::{EngineError, Invocation, Redactor};

use crate::preflight;

/// User and group inside, whoever starts the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Number of the user.
    pub user: u32,
    /// Number of the group.
    pub group: u32,
}

impl Default for Identity {
    /// Whom images for Node know as `node`.
    fn default() -> Self {
        Self { user: 1000, group: 1000 }
    }
}

/// Whether a sandbox reaches the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Only a loopback interface of its own.
    None,
    /// The host's.
    Host,
}

/// One thing of the host, or of memory, that a sandbox sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// A file or folder of the host, which the sandbox cannot change.
    ReadOnly {
        /// Path on the host.
        host: PathBuf,
        /// Absolute path inside.
        inside: String,
    },
    /// A folder of the host that the sandbox may write to.
    Writable {
        /// Path on the host.
        host: PathBuf,
        /// Absolute path inside.
        inside: String,
    },
    /// An empty folder in memory.
    Memory {
        /// Absolute path inside.
        inside: String,
    },
}

impl Mount {
    /// A mount that the sandbox cannot change.
    pub fn read_only(host: impl Into<PathBuf>, inside: impl Into<String>) -> Self {
        Self::ReadOnly { host: host.into(), inside: inside.into() }
    }

    /// A mount that the sandbox may write to.
    pub fn writable(host: impl Into<PathBuf>, inside: impl Into<String>) -> Self {
        Self::Writable { host: host.into(), inside: inside.into() }
    }
}

/// A command line and the world it runs in.
#[derive(Debug, Clone)]
pub struct SandboxedCommand {
    /// The root file system; read-only inside.
    pub root: PathBuf,
    /// Mounts over the root, in order.
    pub mounts: Vec<Mount>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// Variables whose values no other process may read from a command line.
    pub secrets: Vec<(String, OsString)>,
    /// Whether the network is there.
    pub network: Network,
    /// Who it runs as.
    pub identity: Identity,
    /// Working directory inside.
    pub folder: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
}

/// Something that makes sandboxes.
pub trait Sandbox: Send + Sync {
    /// The command line that runs `command` in a sandbox of its own. All processes of the sandbox end with
    /// the first of them, and with the process that starts this one.
    fn wrap(&self, command: &SandboxedCommand) -> Invocation;

    /// Makes the smallest sandbox there is.
    ///
    /// # Errors
    /// This machine refuses it; the error says why and what to do.
    fn check(&self) -> Result<(), EngineError>;
}

/// The program `bwrap` (0.5 or newer).
#[derive(Debug, Clone)]
pub struct Bubblewrap {
    program: PathBuf,
}

impl Bubblewrap {
    /// The bubblewrap at this path.
    pub fn at(program: &Path) -> Self {
        Self { program: program.to_owned() }
    }
}

impl Sandbox for Bubblewrap {
    fn wrap(&self, command: &SandboxedCommand) -> Invocation {
        let mut line = Invocation::new(&self.program)
            .args(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", "builder"])
            .args(["--uid".to_owned(), command.identity.user.to_string()])
            .args(["--gid".to_owned(), command.identity.group.to_string()])
            .args(["--die-with-parent", "--new-session"]);
        if command.network == Network::None {
            line = line.arg("--unshare-net");
        }
        line = line.arg("--ro-bind").arg(&command.root).arg("/");
        // A new /proc and a /dev of memory: nothing of the host's own is bound or can be written.
        // When root starts the sandbox, the kernel's settings in /proc/sys would be its to change.
        line = line.args(["--proc", "/proc", "--remount-ro", "/proc"]);
        line = line.args(["--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run"]);
        for mount in &command.mounts {
            line = match mount {
                Mount::ReadOnly { host, inside } => line.arg("--ro-bind").arg(host).arg(inside),
                Mount::Writable { host, inside } => line.arg("--bind").arg(host).arg(inside),
                Mount::Memory { inside } => line.arg("--tmpfs").arg(inside),
            };
        }
        line = line.arg("--clearenv");
        for (name, value) in &command.environment {
            line = line.arg("--setenv").arg(name).arg(value);
        }
        // Read from standard input, which no other process sees, and before the command begins.
        line = line.args(["--args", "0", "--chdir", &command.folder, "--"]).args(&command.argv);
        let secrets = command.secrets.iter().map(|(name, value)| (name.as_str(), value.as_os_str()));
        line.input(secret_arguments(&command.secrets)).hiding(Redactor::new(secrets))
    }

    fn check(&self) -> Result<(), EngineError> {
        preflight::check(&self.program)
    }
}

/// `--setenv` for each secret, each word ended by a zero byte (bwrap(1), `--args`).
fn secret_arguments(secrets: &[(String, OsString)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in secrets {
        for word in [b"--setenv".as_slice(), name.as_bytes(), value.as_encoded_bytes()] {
            bytes.extend_from_slice(word);
            bytes.push(0);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> SandboxedCommand {
        SandboxedCommand {
            root: "/state/roots/a".into(),
            mounts: vec![
                Mount::writable("/state/trees/install", "/app"),
                Mount::read_only("/state/bin", "/opt/bin"),
                Mount::Memory { inside: "/app/node_modules/.cache".to_owned() },
            ],
            environment: vec![("PATH".to_owned(), "/usr/bin".to_owned())],
            secrets: vec![("TOKEN".to_owned(), "hush".into())],
            network: Network::None,
            identity: Identity::default(),
            folder: "/app/packages/backend".to_owned(),
            argv: vec!["node".to_owned(), "--version".to_owned()],
        }
    }

    #[test]
    fn the_command_line_is_exactly_this() {
        let line = Bubblewrap::at(Path::new("/usr/bin/bwrap")).wrap(&command());
        let expected = "/usr/bin/bwrap --unshare-user --unshare-pid --unshare-ipc --unshare-uts --hostname builder \
            --uid 1000 --gid 1000 --die-with-parent --new-session --unshare-net --ro-bind /state/roots/a / \
            --proc /proc --remount-ro /proc --dev /dev --tmpfs /tmp --tmpfs /run --bind /state/trees/install /app \
            --ro-bind /state/bin /opt/bin --tmpfs /app/node_modules/.cache --clearenv --setenv PATH /usr/bin \
            --args 0 --chdir /app/packages/backend -- node --version";
        assert_eq!(line.to_string(), expected);
    }

    #[test]
    fn only_a_step_that_asks_for_it_gets_the_network() {
        let command = SandboxedCommand { network: Network::Host, ..command() };
        assert!(!Bubblewrap::at(Path::new("bwrap")).wrap(&command).to_string().contains("--unshare-net"));
    }

    #[test]
    fn secrets_are_on_no_command_line() {
        let line = Bubblewrap::at(Path::new("bwrap")).wrap(&command());
        assert!(!line.to_string().contains("hush"));
        assert_eq!(secret_arguments(&command().secrets), b"--setenv\0TOKEN\0hush\0");
    }
}
