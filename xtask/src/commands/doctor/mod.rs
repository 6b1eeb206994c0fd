//! `doctor`: checks this machine and this repository for problems that would break a build.

mod engines;
mod line;
mod machine;
mod network;

use std::fmt::Write;

use anyhow::{Result, bail};
use builder::state;
use diagnostics::{Problems, printable};
use monorepo::Monorepo;
use process::{EngineError, Interrupt};
use serde_json::json;

use crate::exit::CheckFailed;
use crate::flags::{Doctor, MessageFormat, RepositoryFlags};
use crate::output::Printer;
use crate::{invoked_as, repository};
use line::{Line, LineState, Owner};

pub(crate) fn run(
    flags: &Doctor,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let shared = state::shared_folder(repository.state_dir.as_deref())?;
    let repo = repository::quietly(repository);
    let registry = repo.as_ref().ok().and_then(|repo| repo.yarn.registry.clone());
    let mut lines = repository_lines(&repo);
    lines.extend(engines::lines());
    lines.extend(machine::lines(&shared, flags.ca_file.as_deref()));
    lines.extend(network::lines(flags, registry.as_deref(), &shared, interrupt));
    if interrupt.is_set() {
        bail!(EngineError::Interrupted);
    }
    match printer.format() {
        MessageFormat::Json => printer.message("doctor", json!({ "lines": lines })),
        _ => printer.data(invoked_as::in_text(&table(&lines)).trim_end()),
    }
    conclude(&lines)
}

fn repository_lines(repo: &Result<Monorepo>) -> Vec<Line> {
    match repo {
        Ok(repo) => {
            let node = format!("Node {} ({})", repo.node.version, repo.node.source);
            let found = format!("{}: {}, {node}", repo.root.display(), repo.yarn.release.described());
            let notices = repo.notices.iter().map(|notice| {
                let found = format!("{}: {}", notice.file.display(), notice.found);
                Line::warning("repository", found, &notice.next).of_repository()
            });
            [Line::ok("repository", found).of_repository()].into_iter().chain(notices).collect()
        }
        Err(error) => match error.downcast_ref::<Problems>() {
            Some(problems) => problems.0.iter().map(problem).collect(),
            None => vec![Line::failed("repository", format!("{error:#}"), "name it with `--repo DIR`").of_repository()],
        },
    }
}

fn problem(problem: &diagnostics::Problem) -> Line {
    let found = format!("{}: {}, expected {}", problem.file.display(), problem.found, problem.expected);
    Line::failed("repository", found, &problem.next).of_repository()
}

fn table(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{:<8} {:<13} {}", line.state.name(), line.check, printable(&line.found));
        if let Some(next) = &line.next {
            let _ = writeln!(text, "{:22} next: {}", "", printable(next));
        }
    }
    text
}

/// A machine that fails comes first: nothing can be said of a repository that cannot be built.
fn conclude(lines: &[Line]) -> Result<()> {
    let failed = |owner| lines.iter().filter(|line| line.state == LineState::Failed && line.of == owner).count();
    let (machine, repository) = (failed(Owner::Machine), failed(Owner::Repository));
    if machine > 0 {
        let hint = "do what stands after `next:`, then run `cargo xtask doctor` again".to_owned();
        bail!(EngineError::Missing { what: "this machine is not ready".to_owned(), details: Vec::new(), hint });
    }
    if repository > 0 {
        bail!(CheckFailed::new("the repository is not ready").hint("do what stands after `next:`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_decides_the_exit_code() {
        let warning = Line::warning("disk", "2 GB", "make room");
        assert!(conclude(&[Line::ok("disk", "20 GB"), warning.clone()]).is_ok());
        let machine = Line::failed("disk", "0 GB", "make room");
        let repository = Line::failed("repository", "no yarn.lock", "run yarn").of_repository();
        let error = conclude(&[repository.clone(), machine]).unwrap_err();
        assert!(error.downcast_ref::<EngineError>().is_some());
        let error = conclude(&[warning, repository]).unwrap_err();
        assert!(error.downcast_ref::<CheckFailed>().is_some());
    }

    #[test]
    fn nothing_reaches_the_terminal_as_it_is() {
        let text = table(&[Line::failed("disk", "a\u{1b}[31m", "b")]);
        assert_eq!(text, "failed   disk          a\\u{1b}[31m\n                       next: b\n");
    }
}
