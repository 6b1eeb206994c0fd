//! `render`: the files that a deployment reads, written or checked.

use std::path::Path;

use anyhow::{Context, Result};
use monorepo::{DatabaseSsl, FLIGHTCONTROL_CONFIG, Monorepo};
use recipe::{FLIGHTCONTROL, Rendered, is_as_rendered};
use serde_json::json;

use crate::exit::CheckFailed;
use crate::files::{difference, write_atomically};
use crate::flags::{Render, RepositoryFlags};
use crate::output::Printer;
use crate::pins;
use crate::repository;

/// What an edited file can be saved by.
const KEEP: &str =
    "keep the edits by changing assets/ or xtask.toml instead, or replace them with `cargo xtask render --force`";

/// What the default leaves open.
const UNVERIFIED: &str = "note: the connection to the database is encrypted, and whoever answers is trusted; \
    `ssl = \"verify\"` under [flightcontrol] in xtask.toml verifies the certificate";

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

/// A file as it should be, beside what is there.
struct Compared {
    file: Rendered,
    found: String,
    standing: Standing,
}

pub(crate) fn run(flags: &Render, repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let (root, ssl) = (repo.root.clone(), repo.settings.flightcontrol.ssl);
    pins::warn_of_age(&root, pins::MAX_AGE, printer);
    let files = compare_all(repo)?;
    if flags.diff {
        show_differences(&files, printer);
    }
    match (flags.check, flags.diff) {
        (true, _) => check(&files, printer)?,
        (false, true) => {}
        (false, false) => write(&root, &files, flags.force, printer)?,
    }
    let is_written = |file: &Compared| file.file.path == FLIGHTCONTROL_CONFIG && file.standing != Standing::UpToDate;
    if !flags.check && ssl == DatabaseSsl::Require && files.iter().any(is_written) {
        printer.say(UNVERIFIED);
    }
    Ok(())
}

/// The configuration comes first: the recipe is made as if it were there already.
fn compare_all(repo: Monorepo) -> Result<Vec<Compared>> {
    let template = || "filling in a template of assets/";
    let found = |path: &str| std::fs::read_to_string(repo.root.join(path)).ok();
    let config = recipe::app_config(&repo).with_context(template)?;
    let config = compare_signed(config, found(FLIGHTCONTROL_CONFIG));
    let services = found(FLIGHTCONTROL);
    let repo = repo.with_flightcontrol_config(&config.file.text);
    let recipe = recipe::plan(&repo, pins::pinned(&repo, None)?.as_deref());
    let [dockerfile, ignore_file] = recipe::render(&repo, &recipe).with_context(template)?;
    let [dockerfile, ignore_file] = [dockerfile, ignore_file].map(|file| {
        let found = std::fs::read_to_string(repo.root.join(&file.path)).ok();
        compare_signed(file, found)
    });
    let merged = recipe::flightcontrol_json(&repo, &recipe, services.as_deref()).map_err(monorepo::Problems::from)?;
    let standing = match &services {
        None => Standing::Missing,
        Some(text) if *text == merged.file.text => Standing::UpToDate,
        Some(_) if merged.replaced.is_empty() => Standing::Outdated,
        Some(_) => Standing::Edited,
    };
    let services = Compared { file: merged.file, found: services.unwrap_or_default(), standing };
    Ok(vec![config, dockerfile, ignore_file, services])
}

/// Compares a file that holds its own digest.
fn compare_signed(file: Rendered, found: Option<String>) -> Compared {
    let standing = match &found {
        None => Standing::Missing,
        Some(text) if *text == file.text => Standing::UpToDate,
        Some(text) if is_as_rendered(text) => Standing::Outdated,
        Some(_) => Standing::Edited,
    };
    Compared { file, found: found.unwrap_or_default(), standing }
}

fn show_differences(files: &[Compared], printer: &Printer) {
    for Compared { file, found, standing } in files {
        if *standing != Standing::UpToDate {
            printer.verbatim(difference(&file.path, found, &file.text).trim_end());
        }
    }
}

fn write(root: &Path, files: &[Compared], force: bool, printer: &Printer) -> Result<()> {
    let edited: Vec<_> = files.iter().filter(|file| file.standing == Standing::Edited).collect();
    if !edited.is_empty() && !force {
        let paths: Vec<_> = edited.iter().map(|edited| edited.file.path.as_str()).collect();
        let verb = if paths.len() == 1 {
            "was edited by hand and is left as it is"
        } else {
            "were edited by hand; nothing is written"
        };
        let differences: String =
            edited.iter().map(|file| difference(&file.file.path, &file.found, &file.file.text)).collect();
        return Err(CheckFailed(format!("{} {verb}\n{differences}  hint: {KEEP}", paths.join(", "))).into());
    }
    for Compared { file, standing, .. } in files {
        if *standing == Standing::UpToDate {
            printer.say(&format!("{} is up to date", file.path));
        } else {
            write_atomically(&root.join(&file.path), file.text.as_bytes())?;
            printer.say(&format!("{} written", file.path));
        }
        printer.message("rendered", json!({ "path": file.path, "written": *standing != Standing::UpToDate }));
        printer.data(&file.path);
    }
    Ok(())
}

fn check(files: &[Compared], printer: &Printer) -> Result<()> {
    let drifted: Vec<_> = files.iter().filter(|file| file.standing != Standing::UpToDate).collect();
    if drifted.is_empty() {
        printer.say("the rendered files are up to date");
        return Ok(());
    }
    let texts: Vec<_> = drifted.iter().map(|file| drift(file)).collect();
    let hint = match drifted.iter().any(|file| file.standing == Standing::Edited) {
        true => KEEP,
        false => "run `cargo xtask render` and commit the result",
    };
    Err(CheckFailed(format!("{}\n  hint: {hint}", texts.join("\n"))).into())
}

/// What is wrong with one file.
fn drift(Compared { file, found, standing }: &Compared) -> String {
    let what = match standing {
        Standing::Missing => return format!("{} is missing", file.path),
        Standing::Edited => "was edited by hand",
        Standing::UpToDate | Standing::Outdated => "is not up to date",
    };
    format!("{} {what}\n{}", file.path, difference(&file.path, found, &file.text).trim_end())
}

/// Whether a committed file is there and says something else than what a build would use now.
pub(crate) fn is_drifted(repo: &Monorepo, file: &Rendered) -> bool {
    std::fs::read_to_string(repo.root.join(&file.path)).is_ok_and(|found| found != file.text)
}
