//! A program that runs beside us until it is stopped.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use process::{EngineError, Interrupt, Invocation, Redactor, os_pipe, push_tail, without_escapes};

/// How often a program is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How long the last lines of a program that ended are waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A running program, which ends with this value.
pub struct Program {
    /// What it is, as a step's name.
    name: &'static str,
    command: String,
    handle: duct::Handle,
    log: PathBuf,
    tail: Arc<Mutex<VecDeque<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Program {
    /// Starts a program; what it prints goes to `log`.
    ///
    /// # Errors
    /// It cannot be started, or the log cannot be written.
    pub fn start(name: &'static str, line: &Invocation, log: &Path) -> Result<Self, EngineError> {
        let file = File::create(log).map_err(EngineError::io(format!("creating {}", log.display())))?;
        let (output, writer) = os_pipe().map_err(EngineError::io("opening a pipe"))?;
        let error = writer.try_clone().map_err(EngineError::io("opening a pipe"))?;
        let handle = line.expression().unchecked().stdout_file(writer).stderr_file(error).start();
        let handle = handle.map_err(EngineError::io(format!("starting {}", line.program.display())))?;
        let tail = Arc::default();
        let reader = std::thread::spawn({
            let (tail, hidden) = (Arc::clone(&tail), line.hidden().clone());
            move || keep(output, file, &tail, &hidden)
        });
        let command = line.arguments.last().map_or_else(String::new, |word| word.to_string_lossy().into_owned());
        Ok(Self { name, command, handle, log: log.to_owned(), tail, reader: Some(reader) })
    }

    /// What to show of it in errors, in place of its last argument.
    #[must_use]
    pub fn described(mut self, command: String) -> Self {
        self.command = command;
        self
    }

    /// Whether it ended by itself.
    pub fn has_ended(&self) -> bool {
        !matches!(self.handle.try_wait(), Ok(None))
    }

    /// Whether one of its last lines holds these words.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().any(|line| line.contains(words))
    }

    /// Waits until `is_ready`, and gives the time that took.
    ///
    /// # Errors
    /// It ended, was not ready in time, or the wait was interrupted.
    pub fn wait_until(
        &self,
        limit: Duration,
        interrupt: &Interrupt,
        mut is_ready: impl FnMut() -> bool,
    ) -> Result<Duration, EngineError> {
        let start = Instant::now();
        loop {
            if interrupt.is_set() {
                return Err(EngineError::Interrupted);
            }
            if is_ready() {
                return Ok(start.elapsed());
            }
            if self.has_ended() {
                return Err(self.failure(None));
            }
            if start.elapsed() > limit {
                return Err(self.failure(Some("it runs, but was not ready in time; its log says what it waits for")));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits until it ends by itself, or somebody asks to stop.
    ///
    /// # Errors
    /// It ended by itself.
    pub fn wait_for_stop(&self, interrupt: &Interrupt) -> Result<(), EngineError> {
        while !interrupt.is_set() {
            // A Ctrl-C reaches both of us, and it may be the first to end.
            if self.has_ended() && !is_set_soon(interrupt) {
                return Err(self.failure(None));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// An error that carries what it said last.
    pub fn failure(&self, hint: Option<&'static str>) -> EngineError {
        if self.has_ended() {
            self.wait_for_last_words();
        }
        let code = self.handle.try_wait().ok().flatten().and_then(|output| output.status.code());
        let tail: Vec<String> = self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        EngineError::Failed {
            command: self.command.clone(),
            code,
            step: Some(self.name.to_owned()),
            hint: hint.or_else(|| process::hint_for(&tail)),
            tail,
            repository: false,
            log: Some(self.log.as_path().into()),
        }
    }

    /// What it printed reaches us a moment after its end.
    fn wait_for_last_words(&self) {
        let start = Instant::now();
        while self.reader.as_ref().is_some_and(|reader| !reader.is_finished()) && start.elapsed() < LAST_WORDS {
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.handle.kill();
        let _ = self.handle.wait();
        // The pipe ends with the last process that holds it: nothing of a sandbox writes to a folder that is
        // removed next.
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn keep(output: PipeReader, mut log: File, tail: &Mutex<VecDeque<String>>, hidden: &Redactor) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = hidden.line(&without_escapes(&String::from_utf8_lossy(&line)));
        // A full disk must not stop the program for want of a log.
        let _ = writeln!(log, "{line}");
        push_tail(&mut tail.lock().unwrap_or_else(PoisonError::into_inner), &line);
    }
}

/// Whether an interrupt comes within the time that a signal takes to reach us.
fn is_set_soon(interrupt: &Interrupt) -> bool {
    std::thread::sleep(POLL * 4);
    interrupt.is_set()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, folder: &Path) -> Program {
        Program::start("test", &Invocation::new("sh").args(["-c", script]), &folder.join("log")).unwrap()
    }

    #[test]
    fn a_program_that_ends_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let program = sh("echo no database >&2; exit 7", folder.path());
        let error = program.wait_until(Duration::from_secs(9), &Interrupt::default(), || false).unwrap_err();
        let EngineError::Failed { code, tail, .. } = error else { panic!("{error}") };
        assert_eq!((code, tail), (Some(7), vec!["no database".to_owned()]));
    }

    #[test]
    fn neither_log_nor_error_has_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = [("A_TOKEN".to_owned(), "hush-hush".into())];
        let line = Invocation::new("sh").args(["-c", "echo it is hush-hush; exit 1"]);
        let line = line.hiding(Redactor::of_service(&secrets));
        let program = Program::start("test", &line, &folder.path().join("log")).unwrap().described("sh".to_owned());
        let error = program.wait_until(Duration::from_secs(9), &Interrupt::default(), || false).unwrap_err();
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(log, "it is ***\n");
        assert!(!error.to_string().contains("hush"), "{error}");
    }

    #[test]
    fn a_program_that_is_never_ready_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let program = sh("echo waiting; exec sleep 60", folder.path());
        let error = program.wait_until(Duration::from_millis(200), &Interrupt::default(), || false).unwrap_err();
        assert!(error.to_string().contains("not ready in time"), "{error}");
    }

    #[test]
    fn nothing_runs_once_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let start = Instant::now();
        drop(sh("exec sleep 60", folder.path()));
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_stop_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::default();
        interrupt.0.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(sh("exec sleep 60", folder.path()).wait_for_stop(&interrupt).is_ok());
        assert!(sh("exit 0", folder.path()).wait_for_stop(&Interrupt::default()).is_err());
    }
}
