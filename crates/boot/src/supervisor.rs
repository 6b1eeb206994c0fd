//! What runs beside a backend that has no network: a small program of ours in the image's own Node, which
//! leads requests in, leads the database's connections out, and knows how the backend fares.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use process::{EngineError, Interrupt};
use sandbox::Mount;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::http::{Request, Server, Socket, TIMEOUT};

const SCRIPTS: [(&str, &str); 3] = [
    ("supervisor.js", include_str!("../../../assets/scripts/boot-supervisor.js")),
    ("addons.js", include_str!("../../../assets/scripts/boot-addons.js")),
    ("tls.js", include_str!("../../../assets/scripts/boot-tls.js")),
];
/// Where the folder is inside.
const INSIDE: &str = "/run/boot";
/// How long the addons of a large image may take to load.
const ADDONS_LIMIT: Duration = Duration::from_secs(300);
/// How often an interrupt is looked for.
const POLL: Duration = Duration::from_millis(20);

/// What the supervisor is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SupervisorConfig {
    /// The image's command.
    pub argv: Vec<String>,
    /// The port that the image names.
    pub port: u16,
    /// The port on which the backend finds its database.
    pub database_port: u16,
    /// Whether it finds TLS there, which the database behind does not have.
    pub encrypts_database: bool,
    /// Bytes that the backend may hold, where nothing else sees to it; it is ended when it holds more.
    pub memory: Option<u64>,
    /// Most mebibytes of JavaScript's old objects, where Node cannot know its limit.
    pub heap: Option<u64>,
}

impl SupervisorConfig {
    /// TLS in front of a database that has none, with a certificate that nobody signed.
    #[must_use]
    pub fn with_encrypted_database(self) -> Self {
        Self { encrypts_database: true, ..self }
    }

    /// The limit of memory in bytes, kept by the supervisor. In a container with a limit, Node takes half of it
    /// for JavaScript (V8, `Heap::HeapSizeFromPhysicalMemory`).
    #[must_use]
    pub fn with_watched_memory(self, limit: u64) -> Self {
        Self { memory: Some(limit), heap: Some((limit / 2) >> 20), ..self }
    }
}

/// What came of loading the native addons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addons {
    /// Those that load.
    pub loaded: Vec<String>,
    /// Those that are for something else than this Node on this machine.
    pub skipped: Vec<Addon>,
    /// Those that do not load.
    pub failed: Vec<Addon>,
}

/// A file, and what is with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addon {
    /// Path below the image's working directory.
    pub file: String,
    /// Why it was skipped, or what loading it said.
    pub reason: String,
}

/// How the backend ended after SIGTERM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<String>,
}

#[derive(Deserialize)]
struct Memory {
    peak: u64,
}

/// The folder that both sides see, and what is in it.
pub struct Supervisor {
    path: PathBuf,
    folder: Arc<File>,
}

impl Supervisor {
    /// Lays out the folder, which is made; it is the caller's to remove.
    ///
    /// # Errors
    /// The system refused.
    pub fn lay_out(folder: &Path, orders: &SupervisorConfig) -> Result<Self, EngineError> {
        let failed = || EngineError::io(format!("preparing {}", folder.display()));
        let orders = serde_json::to_vec(orders).map_err(|error| failed()(error.into()))?;
        let files = SCRIPTS.iter().map(|(name, text)| (*name, text.as_bytes())).chain([("orders.json", &orders[..])]);
        std::fs::create_dir_all(folder).map_err(failed())?;
        for (name, bytes) in files {
            let file = folder.join(name);
            std::fs::write(&file, bytes).map_err(failed())?;
            std::fs::set_permissions(&file, Permissions::from_mode(0o644)).map_err(failed())?;
        }
        // The backend is nobody this machine knows. The folder above keeps others out.
        std::fs::set_permissions(folder, Permissions::from_mode(0o777)).map_err(failed())?;
        let open = Arc::new(File::open(folder).map_err(failed())?);
        Ok(Self { path: folder.to_owned(), folder: open })
    }

    /// What to run in place of the image's command.
    pub fn argv() -> Vec<String> {
        vec!["node".to_owned(), format!("{INSIDE}/supervisor.js")]
    }

    /// What a sandbox or a container must see.
    pub fn mount(&self) -> Mount {
        Mount::writable(&self.path, INSIDE)
    }

    /// The backend.
    pub fn backend(&self) -> Server {
        Server::Socket(Socket::new(&self.folder, "http"))
    }

    /// Where the backend's connections to its database arrive.
    pub fn database(&self) -> Socket {
        Socket::new(&self.folder, "database")
    }

    /// Most bytes that the backend had in memory until now (`VmHWM` of its processes).
    ///
    /// # Errors
    /// It ended.
    pub fn peak_memory(&self, interrupt: &Interrupt) -> Result<u64, EngineError> {
        self.ask::<Memory>("/memory", TIMEOUT, interrupt).map(|memory| memory.peak)
    }

    /// Loads every native addon of the image in its own Node.
    ///
    /// # Errors
    /// The backend or its supervisor ended.
    pub fn addons(&self, interrupt: &Interrupt) -> Result<Addons, EngineError> {
        self.ask("/addons", ADDONS_LIMIT, interrupt)
    }

    /// Sends SIGTERM to the backend, and waits for its end.
    ///
    /// # Errors
    /// It did not end in time.
    pub fn stop(&self, limit: Duration, interrupt: &Interrupt) -> Result<Ended, EngineError> {
        self.ask("/stop", limit, interrupt)
    }

    /// Waits beside an interrupt, which nothing in a sandbox hears of by itself.
    fn ask<T: DeserializeOwned>(
        &self,
        path: &'static str,
        timeout: Duration,
        interrupt: &Interrupt,
    ) -> Result<T, EngineError> {
        let control = Server::Socket(Socket::new(&self.folder, "control"));
        let (sender, receiver) = channel();
        std::thread::spawn(move || sender.send(control.ask(&Request { path, authorization: "", timeout })));
        let answer = loop {
            match receiver.recv_timeout(POLL) {
                Ok(answer) => break answer,
                Err(RecvTimeoutError::Timeout) if interrupt.is_set() => return Err(EngineError::Interrupted),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break Err(std::io::ErrorKind::BrokenPipe.into()),
            }
        };
        let parsed = answer.and_then(|answer| Ok(serde_json::from_str(&answer.body)?));
        parsed.map_err(EngineError::io(format!("asking the supervisor for {path}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_kernel_that_limits_node_is_told_its_share() {
        let orders = SupervisorConfig {
            argv: Vec::new(),
            port: 7007,
            database_port: 5432,
            encrypts_database: false,
            memory: None,
            heap: None,
        };
        let orders = orders.with_watched_memory(1 << 30);
        assert_eq!((orders.memory, orders.heap), (Some(1_073_741_824), Some(512)));
        let text = serde_json::to_string(&orders).unwrap();
        let expected =
            r#"{"argv":[],"port":7007,"databasePort":5432,"encryptsDatabase":false,"memory":1073741824,"heap":512}"#;
        assert_eq!(text, expected);
    }
}
