//! Offering to install what is missing.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::Result;
use process::{EngineError, Event, Interrupt, Reporter};

use super::needs::{Need, still_missing};
use super::packages::{Apt, by_hand};
use crate::output::Printer;

/// How often an interrupt is looked for while somebody thinks.
const POLL: Duration = Duration::from_millis(100);
const STEP: &str = "packages";

/// Installs what is missing, when it may, and gives what is missing still; none of that is for the build.
pub(super) fn provide(missing: Vec<Need>, yes: bool, printer: &Printer, interrupt: &Interrupt) -> Result<Vec<Need>> {
    if missing.is_empty() {
        return Ok(missing);
    }
    let apt = Apt::find();
    let is_asked = match &apt {
        Some(_) if yes => true,
        Some(_) if printer.is_interactive() => ask(&missing, printer, interrupt)?,
        // Nobody is there to answer, and going on with less would not be what was typed.
        Some(_) => return Err(refusal(&missing).into()),
        None => false,
    };
    let missing = match &apt {
        Some(apt) if is_asked => install(apt, missing, printer, interrupt)?,
        _ => missing,
    };
    if missing.iter().any(|need| need.is_for_build()) {
        return Err(refusal(&missing).into());
    }
    Ok(missing)
}

fn install(apt: &Apt, missing: Vec<Need>, printer: &Printer, interrupt: &Interrupt) -> Result<Vec<Need>> {
    let on_line = |line: &str| printer.report(&Event::StepOutput { step: STEP.to_owned(), line: line.to_owned() });
    let result =
        process::as_step(STEP, printer, || apt.install(&missing, printer.is_interactive(), interrupt, on_line));
    match result {
        Ok(()) => Ok(still_missing(missing)),
        Err(EngineError::Failed { tail, code, .. }) => Err(EngineError::Missing {
            what: format!("installing packages failed (exit code {})", code.unwrap_or_default()),
            details: tail,
            hint: hint(&missing),
        }
        .into()),
        Err(error) => Err(error.into()),
    }
}

/// Asks on the terminal; no answer is a no.
fn ask(missing: &[Need], printer: &Printer, interrupt: &Interrupt) -> Result<bool> {
    printer.block(&format!("The demo needs what is not installed here:\n{}", lines(missing).join("\n")));
    printer.block("Install it from the distribution's packages? [Y/n]");
    let (sender, receiver) = channel();
    // Reading waits for the end of a line; a Ctrl-C must not.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        let _ = sender.send(if matches!(read, Ok(1..)) { line } else { "no".to_owned() });
    });
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(line) => return Ok(matches!(line.trim().to_lowercase().as_str(), "" | "y" | "yes")),
            Err(RecvTimeoutError::Disconnected) => return Ok(false),
            Err(RecvTimeoutError::Timeout) if interrupt.is_set() => return Err(EngineError::Interrupted.into()),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn lines(missing: &[Need]) -> Vec<String> {
    let line = |need: &Need| {
        let (name, purpose) = need.describe();
        format!("  {name:<24} {purpose}")
    };
    missing.iter().map(line).collect()
}

fn refusal(missing: &[Need]) -> EngineError {
    EngineError::Missing {
        what: "the demo needs what is not installed here".to_owned(),
        details: lines(missing).iter().map(|line| line.trim().to_owned()).collect(),
        hint: hint(missing),
    }
}

fn hint(missing: &[Need]) -> String {
    let own = Apt::find().map(|_| "`cargo xtask demo --yes` installs it and goes on".to_owned());
    let by_hand = by_hand(missing).map(|command| format!("by hand: `{command}`"));
    let without = !missing.iter().any(|need| need.is_for_build());
    let without = without.then(|| "`cargo xtask demo --build-only` does without".to_owned());
    let all: Vec<_> = own.into_iter().chain(by_hand).chain(without).collect();
    if all.is_empty() { "install it".to_owned() } else { all.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_everything_and_what_to_type() {
        let text = refusal(&[Need::Bubblewrap { for_build: true }, Need::Postgres]).to_string();
        let expected = "the demo needs what is not installed here\n  \
            bubblewrap               runs the steps of the build in sandboxes\n  \
            postgresql               the database that the image is run with\n  hint: ";
        assert!(text.starts_with(expected), "{text}");
        assert!(!text.contains("--build-only"), "{text}");
        assert!(refusal(&[Need::Postgres]).to_string().contains("--build-only"));
    }
}
