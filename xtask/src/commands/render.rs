//! `render`: the Dockerfile and its ignore file, written or checked.

use anyhow::{Context, Result};
use recipe::{Rendered, is_as_rendered};
use serde_json::json;

use crate::exit::CheckFailed;
use crate::files::{difference, write_atomically};
use crate::flags::{Render, RepositoryFlags};
use crate::output::Printer;
use crate::repository;

/// How a file in the repository compares with what we would write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    UpToDate,
    Missing,
    /// Rendered by us, from other facts or by another version.
    Outdated,
    /// Changed by hand since it was rendered, or never ours.
    Edited,
}

pub(crate) fn run(flags: &Render, repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let rendered = recipe::render(&repo, &recipe::plan(&repo, None)).context("filling in a template of assets/")?;
    let compared: Vec<_> = rendered
        .iter()
        .map(|file| {
            let found = std::fs::read_to_string(repo.root.join(&file.path)).ok();
            (file, standing(file, found.as_deref()), found.unwrap_or_default())
        })
        .collect();
    if flags.check {
        return check(&compared, printer);
    }
    let edited: Vec<_> = compared.iter().filter(|(_, standing, _)| *standing == Standing::Edited).collect();
    if let Some((file, _, _)) = edited.first().filter(|_| !flags.force) {
        let diffs: String = edited.iter().map(|(file, _, found)| difference(&file.path, found, &file.text)).collect();
        return Err(CheckFailed(format!(
            "{} was edited by hand and is left as it is\n{diffs}  hint: keep the edits by changing assets/ instead, or replace them with `cargo xtask render --force`",
            file.path
        ))
        .into());
    }
    for (file, standing, _) in &compared {
        if *standing == Standing::UpToDate {
            printer.say(&format!("{} is up to date", file.path));
        } else {
            write_atomically(&repo.root.join(&file.path), file.text.as_bytes())?;
            printer.say(&format!("{} written", file.path));
        }
        printer.message("rendered", json!({ "path": file.path, "written": *standing != Standing::UpToDate }));
        printer.data(&file.path);
    }
    Ok(())
}

fn standing(file: &Rendered, found: Option<&str>) -> Standing {
    match found {
        None => Standing::Missing,
        Some(text) if text == file.text => Standing::UpToDate,
        Some(text) if is_as_rendered(text) => Standing::Outdated,
        Some(_) => Standing::Edited,
    }
}

fn check(compared: &[(&Rendered, Standing, String)], printer: &Printer) -> Result<()> {
    let drifted: Vec<_> = compared.iter().filter(|(_, standing, _)| *standing != Standing::UpToDate).collect();
    if drifted.is_empty() {
        printer.say("the rendered files are up to date");
        return Ok(());
    }
    let texts: Vec<_> = drifted.iter().map(|(file, standing, found)| drift(file, *standing, found)).collect();
    let hint = match drifted.iter().any(|(_, standing, _)| *standing == Standing::Edited) {
        true => "keep the edits by changing assets/ instead, or replace them with `cargo xtask render --force`",
        false => "run `cargo xtask render` and commit the result",
    };
    Err(CheckFailed(format!("{}\n  hint: {hint}", texts.join("\n"))).into())
}

/// What is wrong with one file.
fn drift(file: &Rendered, standing: Standing, found: &str) -> String {
    let what = match standing {
        Standing::Missing => return format!("{} is missing", file.path),
        Standing::Edited => "was edited by hand",
        Standing::UpToDate | Standing::Outdated => "is not up to date",
    };
    format!("{} {what}\n{}", file.path, difference(&file.path, found, &file.text).trim_end())
}

/// Whether a committed file is there and says something else than what a build would use now.
pub(crate) fn is_drifted(repo: &monorepo::Monorepo, file: &Rendered) -> bool {
    std::fs::read_to_string(repo.root.join(&file.path)).is_ok_and(|found| found != file.text)
}
