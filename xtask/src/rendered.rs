//! Files that are made from the repository and committed there: written, compared, and never taken from who edits them.

use std::path::Path;

use anyhow::Result;
use builder::write_with_folders;
use recipe::{Rendered, is_as_rendered};
use serde_json::json;

use crate::difference::difference;
use crate::exit::CheckFailed;
use crate::flags::RenderFlags;
use crate::output::Printer;

/// What to do about files that are not as they would be written.
pub(crate) struct Advice {
    /// About one that was edited by hand.
    pub(crate) edited: &'static str,
    /// About one that is missing or of another version.
    pub(crate) outdated: &'static str,
}

/// How a file in the repository compares with what we would write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DriftStatus {
    UpToDate,
    Missing,
    /// Rendered by us, from other facts or by another version.
    Outdated,
    /// Changed by hand since it was rendered, or never ours.
    Edited,
}

/// A file as it should be, beside what is there.
pub(crate) struct Compared {
    pub(crate) file: Rendered,
    pub(crate) found: String,
    pub(crate) standing: DriftStatus,
}

impl Compared {
    /// Compares a file that holds its own digest.
    pub(crate) fn signed(file: Rendered, found: Option<String>) -> Self {
        let standing = match &found {
            None => DriftStatus::Missing,
            Some(text) if *text == file.text => DriftStatus::UpToDate,
            Some(text) if is_as_rendered(text) => DriftStatus::Outdated,
            Some(_) => DriftStatus::Edited,
        };
        Self { file, found: found.unwrap_or_default(), standing }
    }
}

/// Writes the files, or only says how they differ.
///
/// # Errors
/// One was edited by hand, differs where only to be checked, or cannot be written.
pub(crate) fn bring_in_line(
    root: &Path,
    files: &[Compared],
    how: &RenderFlags,
    advice: &Advice,
    printer: &Printer,
) -> Result<()> {
    if how.diff {
        show_differences(files, printer);
    }
    match (how.check, how.diff) {
        (true, _) => check(files, advice, printer),
        (false, true) => Ok(()),
        (false, false) => write(root, files, how.force, advice, printer),
    }
}

fn show_differences(files: &[Compared], printer: &Printer) {
    for Compared { file, found, standing } in files {
        if *standing != DriftStatus::UpToDate {
            printer.data(difference(&file.path, found, &file.text).trim_end());
        }
    }
}

fn write(root: &Path, files: &[Compared], force: bool, advice: &Advice, printer: &Printer) -> Result<()> {
    let edited: Vec<_> = files.iter().filter(|file| file.standing == DriftStatus::Edited).collect();
    if !edited.is_empty() && !force {
        let paths: Vec<_> = edited.iter().map(|edited| edited.file.path.as_str()).collect();
        let verb = if paths.len() == 1 {
            "was edited by hand and is left as it is"
        } else {
            "were edited by hand; nothing is written"
        };
        let differences: String =
            edited.iter().map(|file| difference(&file.file.path, &file.found, &file.file.text)).collect();
        let text = format!("{} {verb}\n{}", paths.join(", "), differences.trim_end_matches('\n'));
        return Err(CheckFailed::new(text).hint(advice.edited).into());
    }
    for Compared { file, standing, .. } in files {
        if *standing == DriftStatus::UpToDate {
            printer.say(&format!("{} is up to date", file.path));
        } else {
            write_with_folders(&root.join(&file.path), file.text.as_bytes())?;
            printer.say(&format!("{} written", file.path));
        }
        printer.message("rendered", json!({ "path": file.path, "written": *standing != DriftStatus::UpToDate }));
        printer.data(&file.path);
    }
    Ok(())
}

fn check(files: &[Compared], advice: &Advice, printer: &Printer) -> Result<()> {
    let drifted: Vec<_> = files.iter().filter(|file| file.standing != DriftStatus::UpToDate).collect();
    if drifted.is_empty() {
        printer.say("the rendered files are up to date");
        return Ok(());
    }
    let texts: Vec<_> = drifted.iter().map(|file| drift(file)).collect();
    let hint = match drifted.iter().any(|file| file.standing == DriftStatus::Edited) {
        true => advice.edited,
        false => advice.outdated,
    };
    Err(CheckFailed::new(texts.join("\n")).hint(hint).into())
}

/// What is wrong with one file.
fn drift(Compared { file, found, standing }: &Compared) -> String {
    let what = match standing {
        DriftStatus::Missing => return format!("{} is missing", file.path),
        DriftStatus::Edited => "was edited by hand",
        DriftStatus::UpToDate | DriftStatus::Outdated => "is not up to date",
    };
    format!("{} {what}\n{}", file.path, difference(&file.path, found, &file.text).trim_end())
}
