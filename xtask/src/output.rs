//! The printer: data on standard output, words on standard error, bars only on a terminal.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, SystemTime};

use builder::Console;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use process::{Event, Reporter, StepState};
use serde::Serialize;
use serde_json::{Value, json};

use crate::flags::{MessageFormat, OutputFlags};
use crate::github;
use crate::invoked_as;

/// Version of the JSON messages; it grows when a field changes its meaning.
pub(crate) const MESSAGE_SCHEMA: u32 = 1;
/// Longest output line shown beside a running step, in characters.
const LINE_WIDTH: usize = 70;
/// How often a running step's time is drawn.
const TICK: Duration = Duration::from_millis(200);

/// How much to say to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verbosity {
    /// Failures only.
    Quiet,
    /// Lines with a time stamp; the flag shows what steps print, too.
    Plain { output: bool },
    /// A live line per running step.
    Live,
}

/// Says everything this program says.
pub(crate) struct Printer {
    format: MessageFormat,
    verbosity: Verbosity,
    color: bool,
    bars: MultiProgress,
    running: RefCell<BTreeMap<String, ProgressBar>>,
    /// Seconds that steps took when they last ran.
    durations: RefCell<BTreeMap<String, f64>>,
    groups: RefCell<github::Groups>,
}

impl Printer {
    /// A printer for these flags and this process's streams.
    pub(crate) fn new(flags: &OutputFlags) -> Self {
        let format = flags.message_format;
        let terminal = std::io::stderr().is_terminal();
        let verbosity = match (flags.quiet || format == MessageFormat::Json, flags.verbose, terminal) {
            (true, ..) => Verbosity::Quiet,
            (_, true, _) => Verbosity::Plain { output: true },
            (_, _, true) => Verbosity::Live,
            (_, _, false) => Verbosity::Plain { output: false },
        };
        let color = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            format,
            verbosity,
            color,
            bars: MultiProgress::new(),
            running: RefCell::default(),
            durations: RefCell::default(),
            groups: RefCell::default(),
        }
    }

    /// The form of messages.
    pub(crate) fn format(&self) -> MessageFormat {
        self.format
    }

    /// Whether somebody reads what we say and can answer.
    #[cfg(feature = "maintainer")]
    pub(crate) fn is_interactive(&self) -> bool {
        self.verbosity != Verbosity::Quiet && std::io::stderr().is_terminal() && std::io::stdin().is_terminal()
    }

    /// Data for standard output, as it is; not in JSON mode, where only messages go there.
    pub(crate) fn data(&self, text: &str) {
        if self.format != MessageFormat::Json {
            write_line(&mut std::io::stdout(), text);
        }
    }

    /// A JSON document that is the very result of a command.
    pub(crate) fn document(&self, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        write_line(&mut std::io::stdout(), &text);
    }

    /// A message for machines; its name goes into the field `event`.
    pub(crate) fn message(&self, event: &str, fields: Value) {
        if self.format == MessageFormat::Json {
            let mut message = json!({ "schema": MESSAGE_SCHEMA, "event": event });
            if let (Some(message), Value::Object(fields)) = (message.as_object_mut(), fields) {
                message.extend(fields);
            }
            write_line(&mut std::io::stdout(), &message.to_string());
        }
    }

    /// A line for people.
    pub(crate) fn say(&self, line: &str) {
        self.line(&invoked_as::in_text(line));
    }

    /// A line for people that is not ours to put another name of this program into.
    fn line(&self, line: &str) {
        match self.verbosity {
            Verbosity::Quiet => {}
            Verbosity::Plain { .. } => write_line(&mut std::io::stderr(), &format!("{} {line}", clock())),
            Verbosity::Live => self.bars.suspend(|| write_line(&mut std::io::stderr(), line)),
        }
    }

    /// A block of text for people, without time stamps.
    pub(crate) fn block(&self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            let text = invoked_as::in_text(text.trim_end());
            self.bars.suspend(|| write_line(&mut std::io::stderr(), &text));
        }
    }

    /// Something odd that stops nothing.
    pub(crate) fn warning(&self, text: &str) {
        self.message("warning", json!({ "message": text }));
        let text = &invoked_as::in_text(text);
        self.annotate("warning", text);
        if self.verbosity != Verbosity::Quiet {
            let label = self.colored("33", "warning");
            self.bars.suspend(|| write_line(&mut std::io::stderr(), &format!("{label}: {text}")));
        }
    }

    /// The reason why the command failed.
    pub(crate) fn error(&self, text: &str, code: u8) {
        self.clear();
        if self.format == MessageFormat::Json {
            let message = json!({ "event": "error", "message": text, "exit_code": code, "schema": MESSAGE_SCHEMA });
            write_line(&mut std::io::stdout(), &message.to_string());
        }
        let text = &invoked_as::in_text(text);
        self.annotate("error", text);
        let label = self.colored("31", "error");
        write_line(&mut std::io::stderr(), &format!("{label}: {text}"));
    }

    /// Takes away the live lines.
    pub(crate) fn clear(&self) {
        for bar in self.running.take().into_values() {
            bar.finish_and_clear();
        }
    }

    /// An annotation, where GitHub Actions reads what we say.
    fn annotate(&self, level: &str, text: &str) {
        if self.format == MessageFormat::Github {
            write_line(&mut std::io::stdout(), &github::general(level, text));
        }
    }

    fn colored(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn start(&self, step: &str) {
        match self.verbosity {
            Verbosity::Quiet => {}
            Verbosity::Plain { .. } => self.say(&format!("{step} …")),
            Verbosity::Live => {
                let style = ProgressStyle::with_template(&running(self.durations.borrow().get(step)));
                let bar = self.bars.add(ProgressBar::new_spinner());
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar.set_prefix(step.to_owned());
                bar.enable_steady_tick(TICK);
                self.running.borrow_mut().insert(step.to_owned(), bar);
            }
        }
    }

    fn output(&self, step: &str, line: &str) {
        match self.verbosity {
            Verbosity::Plain { output: true } => self.line(&format!("{step} | {line}")),
            Verbosity::Live => {
                if let Some(bar) = self.running.borrow().get(step) {
                    bar.set_message(line.chars().take(LINE_WIDTH).collect::<String>());
                }
            }
            Verbosity::Quiet | Verbosity::Plain { output: false } => {}
        }
    }

    fn finish(&self, step: &str, state: StepState, seconds: f64) {
        if let Some(bar) = self.running.borrow_mut().remove(step) {
            bar.finish_and_clear();
        }
        self.say(&ended(step, state, seconds));
    }
}

impl Printer {
    /// What a step printed is one group of the log.
    fn group(&self, event: &Event) {
        let text = match event {
            Event::StepStarted { .. } => None,
            Event::StepOutput { step, line } => {
                self.groups.borrow_mut().add(step, line);
                None
            }
            Event::StepFinished { step, state, seconds } => {
                self.groups.borrow_mut().end(step, &github::data(&ended(step, *state, *seconds)))
            }
        };
        if let Some(text) = text {
            write_line(&mut std::io::stdout(), &text);
        }
    }
}

impl Reporter for Printer {
    fn report(&self, event: &Event) {
        if self.format == MessageFormat::Json {
            let fields = serde_json::to_value(event).unwrap_or_default();
            let name = fields.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.message(&name, fields);
        }
        if self.format == MessageFormat::Github {
            self.group(event);
        }
        match event {
            Event::StepStarted { step } => self.start(step),
            Event::StepOutput { step, line } => self.output(step, line),
            Event::StepFinished { step, state, seconds } => self.finish(step, *state, *seconds),
        }
    }
}

impl Console for Printer {
    fn line(&self, text: &str) {
        self.say(text);
    }

    fn block(&self, text: &str) {
        Self::block(self, text);
    }

    fn warning(&self, text: &str) {
        Self::warning(self, text);
    }

    fn message(&self, event: &str, fields: Value) {
        Self::message(self, event, fields);
    }

    fn last_durations(&self, steps: &BTreeMap<String, f64>) {
        self.durations.replace(steps.clone());
    }

    fn typeable(&self, text: &str) -> String {
        invoked_as::in_text(text).into_owned()
    }

    fn error_text(&self, error: &anyhow::Error) -> String {
        invoked_as::in_text(&crate::error_text::message(error)).into_owned()
    }
}

/// The line of a running step, as a template of indicatif; `last` is how long it took, in seconds.
fn running(last: Option<&f64>) -> String {
    let expected = last.filter(|seconds| **seconds >= 1.0).map(|seconds| format!(" of ~{seconds:.0}s"));
    format!("{{spinner}} {{prefix:<24}} {{elapsed:>4}}{:<10}  {{wide_msg}}", expected.unwrap_or_default())
}

/// How a step ended, in a line.
fn ended(step: &str, state: StepState, seconds: f64) -> String {
    match state {
        StepState::Ran => format!("{step:<24} ran     {seconds:>6.1} s"),
        StepState::Cached => format!("{step:<24} cached"),
        StepState::Failed => format!("{step:<24} failed"),
        StepState::Skipped => format!("{step:<24} skipped"),
    }
}

/// A reader that went away (`| head`) is no reason to fail.
fn write_line(stream: &mut dyn Write, line: &str) {
    let _ = writeln!(stream, "{line}").and_then(|()| stream.flush());
}

/// The time of day in UTC.
fn clock() -> String {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_step_shows_how_long_it_took_last_time() {
        assert!(running(Some(&9.6)).contains("{elapsed:>4} of ~10s "));
        assert!(!running(Some(&0.4)).contains("of"));
        assert!(!running(None).contains("of"));
    }
}
