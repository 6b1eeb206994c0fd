//! `test`: every test that can run here, and which cannot and why.

use std::ffi::OsStr;

use anyhow::{Context, Result, bail};
use containers::docker;

use process::{EngineError, Interrupt, Invocation};
use tempfile::NamedTempFile;
use xshell::{Shell, cmd};

use crate::exit::CheckFailed;
use crate::flags::Test;
use crate::output::Printer;
use crate::repository;

/// An engine that a suite needs.
#[derive(Debug, Clone, Copy)]
enum Engine {
    Docker,
    Embedded,
}

/// A group of tests that wants something of the machine.
struct Suite {
    /// Name of the test target.
    target: &'static str,
    /// What it shows.
    about: &'static str,
    /// Engines that must work.
    engines: &'static [Engine],
    /// Programs it starts.
    programs: &'static [&'static str],
}

const END_TO_END: &[Suite] = &[
    Suite {
        target: "docker",
        about: "the demo and broken builds with a real Docker",
        engines: &[Engine::Docker],
        programs: &["git", "skopeo"],
    },
    Suite {
        target: "create_app",
        about: "an app of create-app: build, boot with PostgreSQL, edit and build again",
        engines: &[Engine::Docker],
        programs: &["npm", "git", "curl", "initdb", "pg_ctl"],
    },
    Suite {
        target: "embedded",
        about: "the demo in sandboxes: edits, determinism, secrets, containment",
        engines: &[Engine::Embedded],
        programs: &["git", "setpriv", "taskset"],
    },
    Suite {
        target: "roots",
        about: "root file systems from Debian packages and Node, used in a sandbox, made twice",
        engines: &[Engine::Embedded],
        programs: &[],
    },
    Suite {
        target: "same_app",
        about: "the same files under /app through Docker and in sandboxes",
        engines: &[Engine::Docker, Engine::Embedded],
        programs: &["git"],
    },
    Suite {
        target: "registry",
        about: "the demo's image into a registry, files and Docker, and back",
        engines: &[Engine::Docker, Engine::Embedded],
        programs: &["git", "skopeo", "docker-registry"],
    },
    Suite {
        target: "embedded_faults",
        about: "the demo in sandboxes: kills, interrupts, full disks, damaged state, builds at once",
        engines: &[Engine::Embedded],
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
        engines: &[Engine::Docker, Engine::Embedded],
        programs: &["git", "skopeo", "docker-registry", "initdb"],
    },
    Suite {
        target: "boot",
        about: "the demo's image booted, and broken ones: what is said, and that nothing is left of them",
        engines: &[Engine::Embedded],
        programs: &["git", "initdb"],
    },
    Suite {
        target: "report",
        about: "reports of builds, opened in a browser: at two widths, light and dark, by keyboard, with axe",
        engines: &[Engine::Embedded],
        programs: &["git", "node", "chromium"],
    },
    Suite {
        target: "demo",
        about: "the README's first command: run, looked at, stopped and killed",
        engines: &[Engine::Embedded],
        programs: &["git", "curl", "initdb"],
    },
];

/// What one or more test runs came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    /// Names of the tests and suites that did not run, and why.
    skipped: Vec<String>,
}

/// What the tests are told by their environment: `tests/common/skip.rs` reads it.
struct SkipRules {
    /// Gets a line for each skipped test.
    file: NamedTempFile,
    /// Whether a skipped test is a failed one.
    require_all: bool,
}

pub(crate) fn run(flags: &Test, printer: &Printer, interrupt: &Interrupt) -> Result<()> {
    let workspace = repository::workspace_folder().context("start it as `cargo xtask test`")?;
    super::require_tests(&workspace)?;
    let shell = Shell::new()?;
    shell.change_dir(&workspace);
    std::env::set_current_dir(&workspace).context("entering this tool's folder")?;
    let rules = SkipRules { file: NamedTempFile::new()?, require_all: flags.require_all };
    let runner = Runner { shell: &shell, rules: &rules, printer, interrupt };
    printer.say("unit, fixture and property tests, and the command line on broken repositories");
    let mut tally = runner.cargo_test(&["--workspace", "--features", "xtask/maintainer,xtask/manual"])?;
    for suite in END_TO_END {
        if let Some(reason) = reason_to_skip(suite, flags) {
            tally.skipped.push(format!("the suite {} ({}): {reason}", suite.target, suite.about));
            continue;
        }
        printer.say(suite.about);
        let target = ["--package", "xtask", "--features", "end-to-end", "--test", suite.target];
        tally.add(runner.cargo_test(&[&target[..], &["--", "--test-threads=1"]].concat())?);
    }
    conclude(&tally, flags.require_all, printer)
}

/// Prints what was skipped and the counts; fails if a test did, or if something was skipped that may not be.
fn conclude(tally: &Tally, require_all: bool, printer: &Printer) -> Result<()> {
    for line in &tally.skipped {
        printer.say(&format!("skipped: {line}"));
    }
    let Tally { passed, failed, skipped } = tally;
    printer.data(&format!("{passed} passed, {failed} failed, {} skipped", skipped.len()));
    if *failed > 0 {
        bail!(CheckFailed::new(format!("{failed} tests failed")));
    }
    if require_all && !skipped.is_empty() {
        bail!("nothing may be skipped, but this was: {}", skipped.join("; "));
    }
    Ok(())
}

fn reason_to_skip(suite: &Suite, flags: &Test) -> Option<String> {
    if flags.fast {
        return Some("--fast was given".to_owned());
    }
    let found = suite.engines.iter().try_for_each(|engine| match engine {
        Engine::Docker => docker::find(None).map(drop),
        Engine::Embedded => sandbox::find_sandbox().map(drop),
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

impl Tally {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
    }

    /// Reads what the test harness printed, and what tests wrote to the file of skipped ones. The harness counts
    /// these as passed.
    fn of_run(output: &str, skipped: &str) -> Self {
        let skipped = skipped.lines().map(|line| line.replacen('\t', ": ", 1));
        let ignored = output.lines().filter_map(|line| {
            let (name, reason) = line.strip_prefix("test ")?.split_once(" ... ignored")?;
            Some(format!("{name}: {}", reason.strip_prefix(", ").unwrap_or("marked as ignored")))
        });
        let mut tally = Self { skipped: ignored.collect(), ..Self::default() };
        for line in output.lines().filter_map(|line| line.strip_prefix("test result: ")) {
            tally.passed += number(line, "passed");
            tally.failed += number(line, "failed");
        }
        let before = tally.skipped.len();
        tally.skipped.extend(skipped);
        tally.passed = tally.passed.saturating_sub(tally.skipped.len() - before);
        tally
    }
}

/// A count of the harness's closing line: `test result: ok. 3 passed; 0 failed; …`.
fn number(line: &str, name: &str) -> usize {
    let part = line.split([';', '.']).find_map(|part| part.trim().strip_suffix(name));
    part.and_then(|part| part.trim().parse().ok()).unwrap_or_default()
}

/// Runs test targets, one after the other.
struct Runner<'a> {
    shell: &'a Shell,
    rules: &'a SkipRules,
    printer: &'a Printer,
    interrupt: &'a Interrupt,
}

impl Runner<'_> {
    /// Compiles, then runs `cargo test`, printing each test of the long suites as it ends. A run that could not
    /// even start its tests counts as one failure.
    fn cargo_test(&self, arguments: &[&str]) -> Result<Tally> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let compile: Vec<_> = arguments.iter().take_while(|argument| **argument != "--").collect();
        cmd!(self.shell, "{cargo} test --locked --quiet --no-run {compile...}").quiet().run()?;
        self.rules.file.as_file().set_len(0)?;
        let mut text = String::new();
        let is_long = arguments.contains(&"--test");
        let outcome = self.rules.command(&cargo).args(arguments).stream(None, self.interrupt, |line| {
            text += line;
            text.push('\n');
            if is_long && line.starts_with("test ") {
                self.printer.say(line);
            }
        });
        let mut tally = Tally::of_run(&text, &std::fs::read_to_string(self.rules.file.path())?);
        match outcome {
            Ok(_) => {}
            Err(EngineError::Interrupted) => bail!(EngineError::Interrupted),
            Err(_) => {
                self.printer.block(&text);
                tally.failed = tally.failed.max(1);
            }
        }
        Ok(tally)
    }
}

impl SkipRules {
    /// `cargo test` in the environment that `tests/common/skip.rs` reads.
    fn command(&self, cargo: &OsStr) -> Invocation {
        let command = Invocation::new(cargo).args(["test", "--locked", "--no-fail-fast"]);
        let command = command.env("BACKSTAGE_XTASK_SKIPPED_TESTS", self.file.path());
        if self.require_all { command.env("BACKSTAGE_XTASK_REQUIRE_ALL", "1") } else { command }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up_and_skipped_tests_are_not_passed_ones() {
        let output = "test a ... ok\ntest b::c ... ignored, needs a moon\ntest d ... ignored\n\
            test result: ok. 3 passed; 0 failed; 2 ignored\nnoise\n\
            test result: FAILED. 4 passed; 2 failed; 0 ignored";
        let found = Tally::of_run(output, "docker::a_full_disk\tmounting needs root\n");
        let skipped = ["b::c: needs a moon", "d: marked as ignored", "docker::a_full_disk: mounting needs root"];
        assert_eq!(found, Tally { passed: 6, failed: 2, skipped: skipped.map(str::to_owned).to_vec() });
    }
}
