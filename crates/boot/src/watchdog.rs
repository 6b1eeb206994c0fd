//! What takes a container away when this process can no longer do it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use process::EngineError;

/// Its standard input ends with us, whatever ended us. A container that was being made then is there a
/// moment later.
const SCRIPT: &str = r#"read -r _; for _ in 1 2 3; do "$0" rm --force --volumes "$1"; sleep 1; done"#;

/// A process that removes a container when this one ends without having done so.
pub struct Watchdog(Child);

impl Watchdog {
    /// Watches over the container `name`; called before the container is made.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(docker: &Path, name: &str) -> Result<Self, EngineError> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).arg(docker).arg(name);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A signal to our group, such as Ctrl-C, must not reach it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map(Self).map_err(EngineError::io("starting sh"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
