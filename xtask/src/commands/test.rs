//! `test`: every test that can run here, and which cannot and why.

use anyhow::{Context, Result, bail};
use engine::{EngineError, Interrupt, Invocation, docker, embedded};
use xshell::{Shell, cmd};

use crate::exit::CheckFailed;
use crate::flags::{Requirement, Test};
use crate::output::Printer;
use crate::repository;

/// A group of tests that wants something of the machine.
struct Suite {
    /// Name of the test target.
    target: &'static str,
    /// What it shows.
    about: &'static str,
    /// Engines that must work.
    engines: &'static [Requirement],
    /// Programs it starts.
    programs: &'static [&'static str],
}

const END_TO_END: &[Suite] = &[
    Suite {
        target: "docker",
        about: "the demo and broken builds with a real Docker",
        engines: &[Requirement::Docker],
        programs: &["git", "skopeo"],
    },
    Suite {
        target: "create_app",
        about: "an app of create-app: build, boot with PostgreSQL, edit and build again",
        engines: &[Requirement::Docker],
        programs: &["npm", "git", "curl", "initdb", "pg_ctl"],
    },
    Suite {
        target: "embedded",
        about: "the demo in sandboxes: edits, determinism, secrets, containment",
        engines: &[Requirement::Embedded],
        programs: &["git", "setpriv", "taskset"],
    },
    Suite {
        target: "same_app",
        about: "the same files under /app through Docker and in sandboxes",
        engines: &[Requirement::Docker, Requirement::Embedded],
        programs: &["git"],
    },
    Suite {
        target: "registry",
        about: "the demo's image into a registry, files and Docker, and back",
        engines: &[Requirement::Docker, Requirement::Embedded],
        programs: &["git", "skopeo", "docker-registry"],
    },
    Suite {
        target: "embedded_faults",
        about: "the demo in sandboxes: kills, interrupts, full disks, damaged state, builds at once",
        engines: &[Requirement::Embedded],
        programs: &["git", "unshare"],
    },
    Suite {
        target: "standards",
        about: "SARIF, CycloneDX, SPDX and in-toto documents, and workflows, against what their standards say",
        engines: &[],
        programs: &["curl", "node", "shellcheck"],
    },
    Suite {
        target: "docs",
        about: "every command of the pages under docs, and the workflows of `ci init`, on the demo",
        engines: &[Requirement::Docker, Requirement::Embedded],
        programs: &["git", "skopeo", "docker-registry", "initdb"],
    },
    Suite {
        target: "boot",
        about: "the demo's image booted, and broken ones: what is said, and that nothing is left of them",
        engines: &[Requirement::Embedded],
        programs: &["git", "initdb"],
    },
    Suite {
        target: "report",
        about: "reports of builds, opened in a browser: at two widths, light and dark, by keyboard, with axe",
        engines: &[Requirement::Embedded],
        programs: &["git", "node", "chromium"],
    },
    Suite {
        target: "demo",
        about: "the README's first command: run, looked at, stopped and killed",
        engines: &[Requirement::Embedded],
        programs: &["git", "curl", "initdb"],
    },
];

/// Counts of one or more test runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    passed: u32,
    failed: u32,
}

/// What did not run, and why.
type Skipped = Vec<(&'static Suite, String)>;

pub(crate) fn run(flags: &Test, printer: &Printer, interrupt: &Interrupt) -> Result<()> {
    let workspace = repository::workspace_folder().context("start it as `cargo xtask test`")?;
    repository::require_tests(&workspace)?;
    let shell = Shell::new()?;
    shell.change_dir(&workspace);
    std::env::set_current_dir(&workspace).context("entering this tool's folder")?;
    let mut counts = Counts::default();
    let mut skipped = Skipped::new();
    printer.say("unit, fixture and property tests, and the command line on broken repositories");
    counts.add(cargo_test(&shell, printer, interrupt, &["--workspace"])?);
    for suite in END_TO_END {
        if let Some(reason) = reason_to_skip(suite, flags) {
            skipped.push((suite, format!("{} ({}): {reason}", suite.target, suite.about)));
            continue;
        }
        printer.say(suite.about);
        let target = ["--package", "xtask", "--features", "end-to-end", "--test", suite.target];
        counts.add(cargo_test(&shell, printer, interrupt, &[&target[..], &["--", "--test-threads=1"]].concat())?);
    }
    conclude(flags, counts, &skipped, printer)
}

/// Says what ran and what did not; fails when a test did, or when one was skipped that was required.
fn conclude(flags: &Test, counts: Counts, skipped: &Skipped, printer: &Printer) -> Result<()> {
    for (_, line) in skipped {
        printer.say(&format!("skipped: {line}"));
    }
    printer.data(&format!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, skipped.len()));
    if counts.failed > 0 {
        bail!(CheckFailed(format!("{} tests failed", counts.failed)));
    }
    let is_required = |suite: &Suite| suite.engines.iter().any(|engine| flags.require.contains(engine));
    let missed: Vec<_> =
        skipped.iter().filter(|(suite, _)| is_required(suite)).map(|(_, line)| line.as_str()).collect();
    if !missed.is_empty() {
        bail!("required, but skipped: {}", missed.join("; "));
    }
    Ok(())
}

fn reason_to_skip(suite: &Suite, flags: &Test) -> Option<String> {
    if flags.fast {
        return Some("--fast was given".to_owned());
    }
    let found = suite.engines.iter().try_for_each(|engine| match engine {
        Requirement::Docker => docker::find(None).map(drop),
        Requirement::Embedded => embedded::find_sandbox().map(drop),
    });
    if let Err(error) = found {
        return Some(error.to_string().replace('\n', ";"));
    }
    let missing: Vec<_> = suite.programs.iter().filter(|name| !has_program(name)).copied().collect();
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

/// Programs in place of which another one does as well.
const OTHERS: &[(&str, &str)] = &[("chromium", "chromium-headless-shell")];

/// Whether a program can be found where the tests look for it; Debian keeps PostgreSQL's off the PATH.
fn has_program(name: &str) -> bool {
    let debian = || std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut others = OTHERS.iter().filter(|(program, _)| *program == name);
    let is_there = which::which(name).is_ok() || others.any(|(_, other)| which::which(other).is_ok());
    is_there || debian().any(|version| version.path().join("bin").join(name).is_file())
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Compiles, then runs `cargo test`, saying each test of the long suites as it ends. A run that could not
/// even start its tests counts as one failure.
fn cargo_test(shell: &Shell, printer: &Printer, interrupt: &Interrupt, arguments: &[&str]) -> Result<Counts> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let compile: Vec<_> = arguments.iter().take_while(|argument| **argument != "--").collect();
    cmd!(shell, "{cargo} test --quiet --no-run {compile...}").quiet().run()?;
    let mut text = String::new();
    let is_long = arguments.contains(&"--test");
    let command = Invocation::new(&cargo).args(["test", "--no-fail-fast"]).args(arguments);
    let outcome = command.stream(None, interrupt, |line| {
        text += line;
        text.push('\n');
        if is_long && line.starts_with("test ") {
            printer.say(line);
        }
    });
    let mut counts = count(&text);
    match outcome {
        Ok(_) => {}
        Err(EngineError::Interrupted) => bail!(EngineError::Interrupted),
        Err(_) => {
            printer.block(&text);
            counts.failed = counts.failed.max(1);
        }
    }
    Ok(counts)
}

/// Adds up the closing lines of the test harness: `test result: ok. 3 passed; 0 failed; …`.
fn count(text: &str) -> Counts {
    let mut counts = Counts::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("test result: ")) {
        let number = |name: &str| {
            let part = line.split([';', '.']).find_map(|part| part.trim().strip_suffix(name))?;
            part.trim().parse::<u32>().ok()
        };
        counts.add(Counts { passed: number("passed").unwrap_or(0), failed: number("failed").unwrap_or(0) });
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up() {
        let text =
            "test result: ok. 3 passed; 0 failed; 1 ignored\nnoise\ntest result: FAILED. 4 passed; 2 failed; 0 ignored";
        assert_eq!(count(text), Counts { passed: 7, failed: 2 });
    }
}
