//! The one place where long-running programs are started: their output reaches the caller line by line,
//! a log file, and the error's tail; an interrupt reaches them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::failure::EngineError;
use crate::hints::hint_for;
use crate::redact::Redactor;

/// How many of the last lines an error carries.
const TAIL_LINES: usize = 25;
/// How often an interrupt is looked for.
const INTERRUPT_POLL: Duration = Duration::from_millis(50);

/// Set by a signal handler; every running program is stopped then.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(pub Arc<AtomicBool>);

impl Interrupt {
    /// Whether a stop was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A command line as a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables set for it, beyond what it inherits.
    pub environment: Vec<(String, OsString)>,
    /// What it reads from standard input; may hold secrets.
    input: Vec<u8>,
    /// What its output is cleared of.
    hidden: Redactor,
}

impl Invocation {
    /// A command line without arguments yet.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            input: Vec::new(),
            hidden: Redactor::default(),
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item: Into<OsString>>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Hands these bytes over as standard input.
    #[must_use]
    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = bytes;
        self
    }

    /// Hides these secrets in what it prints.
    #[must_use]
    pub fn hiding(mut self, secrets: Redactor) -> Self {
        self.hidden = secrets;
        self
    }

    /// What its output is cleared of.
    pub fn hidden(&self) -> &Redactor {
        &self.hidden
    }

    /// The command as duct runs it.
    pub fn expression(&self) -> duct::Expression {
        let command = duct::cmd(self.program.as_os_str(), &self.arguments);
        let command =
            if self.input.is_empty() { command.stdin_null() } else { command.stdin_bytes(self.input.clone()) };
        self.environment.iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    /// Runs it, handing over standard output and error line by line.
    ///
    /// # Errors
    /// It could not be started, was interrupted, or exited with another code than 0.
    pub fn stream(
        &self,
        log: Option<&Path>,
        interrupt: &Interrupt,
        mut on_line: impl FnMut(&str),
    ) -> Result<Outcome, EngineError> {
        let mut log = log.map(File::create).transpose().map_err(EngineError::io("creating the log file"))?;
        let (reader, writer) = os_pipe().map_err(EngineError::io("opening a pipe"))?;
        let output = writer.try_clone().map_err(EngineError::io("opening a pipe"))?;
        let handle = self.expression().unchecked().stdout_file(output).stderr_file(writer).start();
        let handle = handle.map_err(|error| self.not_started(error))?;
        let handle = Arc::new(handle);
        let done = Arc::new(AtomicBool::new(false));
        let watcher = watch(Arc::clone(&handle), interrupt.clone(), Arc::clone(&done));
        let mut tail = VecDeque::new();
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            let line = self.hidden.line(&without_escapes(&String::from_utf8_lossy(&line)));
            let line = line.as_str();
            if let Some(log) = &mut log {
                // A full disk must not stop the build for want of a log.
                let _ = writeln!(log, "{line}");
            }
            push_tail(&mut tail, line);
            on_line(line);
        }
        let status = handle.wait().map(|output| output.status);
        done.store(true, Ordering::Relaxed);
        let _ = watcher.join();
        if interrupt.is_set() {
            return Err(EngineError::Interrupted);
        }
        let status = status.map_err(EngineError::io(format!("waiting for {}", self.program.display())))?;
        let tail: Vec<String> = tail.into();
        if status.success() { Ok(Outcome { tail }) } else { Err(self.failed(status.code(), &tail)) }
    }

    /// Runs it to its end and gives its standard output.
    ///
    /// # Errors
    /// As [`Invocation::stream`].
    pub fn read(&self) -> Result<String, EngineError> {
        let output = self.expression().stdout_capture().stderr_capture().unchecked().run();
        let output = output.map_err(|error| self.not_started(error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        Err(self.failed(output.status.code(), &tail_of(&output.stderr)))
    }

    /// Runs it to its end; its standard output goes into a file.
    ///
    /// # Errors
    /// As [`Invocation::stream`].
    pub fn write_to(&self, target: File, interrupt: &Interrupt) -> Result<(), EngineError> {
        let handle = self.expression().unchecked().stdout_file(target).stderr_capture().start();
        let handle = Arc::new(handle.map_err(|error| self.not_started(error))?);
        let done = Arc::new(AtomicBool::new(false));
        let watcher = watch(Arc::clone(&handle), interrupt.clone(), Arc::clone(&done));
        let output = handle.wait().cloned();
        done.store(true, Ordering::Relaxed);
        let _ = watcher.join();
        if interrupt.is_set() {
            return Err(EngineError::Interrupted);
        }
        let output = output.map_err(EngineError::io(format!("waiting for {}", self.program.display())))?;
        if output.status.success() {
            return Ok(());
        }
        Err(self.failed(output.status.code(), &tail_of(&output.stderr)))
    }

    /// Runs it to its end and gives its standard output, whatever its exit code.
    ///
    /// # Errors
    /// It could not be started.
    pub fn read_unchecked(&self) -> Result<String, EngineError> {
        let output = self.expression().stdout_capture().stderr_null().unchecked().run();
        let output = output.map_err(|error| self.not_started(error))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    fn not_started(&self, source: std::io::Error) -> EngineError {
        EngineError::Io { doing: format!("starting {}", self.program.display()), source }
    }

    fn failed(&self, code: Option<i32>, tail: &[String]) -> EngineError {
        let hint = hint_for(tail);
        let tail = tail.iter().map(|line| self.hidden.line(line)).collect();
        let command = self.hidden.line(&self.to_string());
        EngineError::Failed { command, code, step: None, tail, hint, repository: false, log: None }
    }
}

impl std::fmt::Debug for Invocation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, out)
    }
}

impl std::fmt::Display for Invocation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        for word in std::iter::once(self.program.as_os_str()).chain(self.arguments.iter().map(OsString::as_os_str)) {
            let word = word.to_string_lossy();
            let separator = if text.is_empty() { "" } else { " " };
            let quote = if word.contains(' ') || word.is_empty() { "'" } else { "" };
            let _ = write!(text, "{separator}{quote}{word}{quote}");
        }
        out.write_str(&text)
    }
}

/// What a program that succeeded leaves behind.
#[derive(Debug)]
pub struct Outcome {
    /// The last lines it printed.
    pub tail: Vec<String>,
}

/// A pipe whose ends child processes do not inherit.
///
/// # Errors
/// The system has no more.
pub fn os_pipe() -> std::io::Result<(std::io::PipeReader, std::io::PipeWriter)> {
    std::io::pipe()
}

/// The last lines of a program's output.
fn tail_of(output: &[u8]) -> Vec<String> {
    let mut tail = VecDeque::new();
    String::from_utf8_lossy(output).lines().for_each(|line| push_tail(&mut tail, line));
    tail.into()
}

/// Adds a line to the last ones, of which so many are kept.
pub fn push_tail(tail: &mut VecDeque<String>, line: &str) {
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    tail.push_back(line.to_owned());
}

/// A line of a program's output without what colours a terminal or moves its cursor.
pub fn without_escapes(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' && characters.next_if_eq(&'[').is_some() {
            while characters.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
        } else if c == '\t' || !c.is_control() {
            text.push(c);
        }
    }
    text
}

/// Asks the program to end when an interrupt comes; it gets the chance to clean up after itself.
fn watch(handle: Arc<duct::Handle>, interrupt: Interrupt, done: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut asked = 0_u32;
        while !done.load(Ordering::Relaxed) {
            std::thread::sleep(INTERRUPT_POLL);
            if interrupt.is_set() {
                match asked {
                    0 => terminate(&handle),
                    // About ten seconds later: it had its chance.
                    200 => drop(handle.kill()),
                    _ => {}
                }
                asked += 1;
            }
        }
    })
}

#[cfg(unix)]
fn terminate(handle: &duct::Handle) {
    use duct::unix::HandleExt;
    const SIGTERM: i32 = 15;
    let _ = handle.send_signal(SIGTERM);
}

#[cfg(not(unix))]
fn terminate(handle: &duct::Handle) {
    let _ = handle.kill();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Invocation {
        Invocation::new("sh").args(["-c", script])
    }

    #[test]
    fn lines_of_both_streams_arrive_in_order() {
        let mut lines = Vec::new();
        let outcome = sh("echo one; echo two >&2; printf three")
            .stream(None, &Interrupt::default(), |line| lines.push(line.to_owned()));
        assert_eq!(lines, ["one", "two", "three"]);
        assert_eq!(outcome.unwrap().tail, lines);
    }

    #[test]
    fn a_failure_carries_its_command_code_and_tail() {
        let error = sh("seq 1 40; exit 3").stream(None, &Interrupt::default(), |_| {}).unwrap_err();
        let EngineError::Failed { command, code, tail, .. } = error else { panic!("{error}") };
        assert_eq!(command, "sh -c 'seq 1 40; exit 3'");
        assert_eq!(code, Some(3));
        assert_eq!((tail.len(), tail[24].as_str()), (25, "40"));
    }

    #[test]
    fn a_file_takes_the_output_and_the_error_keeps_its_tail() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let into = |script: &str| sh(script).write_to(file.reopen().unwrap(), &Interrupt::default());
        into("printf data").unwrap();
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "data");
        let error = into("echo no >&2; exit 4").unwrap_err();
        let EngineError::Failed { code, tail, .. } = error else { panic!("{error}") };
        assert_eq!((code, tail), (Some(4), vec!["no".to_owned()]));
    }

    #[test]
    fn colours_and_cursor_moves_are_dropped() {
        assert_eq!(without_escapes("\u{1b}[31mred\u{1b}[0m\u{7}!\r"), "red!");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Invocation::new("/no/such/program").read().unwrap_err();
        assert!(error.to_string().starts_with("starting /no/such/program: "), "{error}");
    }

    #[test]
    fn an_interrupt_ends_a_program_at_once() {
        let interrupt = Interrupt::default();
        let flag = Arc::clone(&interrupt.0);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            flag.store(true, Ordering::Relaxed);
        });
        let start = std::time::Instant::now();
        let error = Invocation::new("sleep").arg("30").stream(None, &interrupt, |_| {}).unwrap_err();
        assert!(matches!(error, EngineError::Interrupted));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}
