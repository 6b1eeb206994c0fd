//! `vendor`: this workspace, put into a monorepo, and brought to a newer version there.

mod copy;
mod merge;
mod plan;
mod record;
mod root_files;

use std::path::Path;

use anyhow::{Context, Result};
use builder::{git, write_with_folders};
use diagnostics::{Problem, Problems};
use monorepo::Search;
use serde_json::json;

use crate::exit::CheckFailed;
use crate::flags::Vendor;
use crate::output::Printer;
use plan::{Conflict, Plan};
use record::Record;

/// The copy's folder in the monorepo.
const FOLDER: &str = "tools/backstage-xtask";

pub(crate) fn run(flags: &Vendor, printer: &Printer) -> Result<()> {
    let search = Search { named: Some(flags.dir.clone()), ..Search::default() };
    let root = search.run().map_err(Problems::from)?;
    let record = Record::read(&root)?;
    reject_flag_conflicts(flags, &root, record.as_ref())?;
    let plan = Plan::make(&root, &copy::files()?, record.as_ref())?;
    if record.is_some() && !flags.upgrade && !plan.is_done() {
        return Err(Problems::from(not_this_version(&root)).into());
    }
    if !flags.force {
        refuse(&plan.conflicts)?;
    }
    let changed = plan.changes.len() + plan.conflicts.len() + plan.removed.len();
    apply(&root, &plan)?;
    warn_of_ignored(&root, printer);
    conclude(&root, &plan, changed, printer);
    Ok(())
}

/// A first copy and a newer one are different wishes.
fn reject_flag_conflicts(flags: &Vendor, root: &Path, record: Option<&Record>) -> Result<(), Problems> {
    if flags.upgrade && record.is_none() {
        let next = format!("run `cargo xtask vendor {}`", flags.dir.display());
        return Err(Problem::new(root.join(record::PATH), "no such file", "a vendored copy to upgrade", next).into());
    }
    Ok(())
}

fn not_this_version(root: &Path) -> Problem {
    Problem::new(
        root.join(FOLDER),
        "a copy that differs from this version",
        "none, or one that is up to date",
        format!("bring it to this version with `cargo xtask vendor --upgrade {}`", root.display()),
    )
}

/// All at once, and before anything is written.
fn refuse(conflicts: &[Conflict]) -> Result<()> {
    if conflicts.is_empty() {
        return Ok(());
    }
    let texts: Vec<_> = conflicts.iter().map(ToString::to_string).collect();
    Err(CheckFailed::new(format!("nothing is written:\n{}", texts.join("\n"))).into())
}

/// The copy comes first, then what makes cargo look at it, and the record last: stopped before, the next run finds
/// files that are as they should be, and goes on.
fn apply(root: &Path, plan: &Plan) -> Result<()> {
    for conflict in &plan.conflicts {
        let (path, aside) = (root.join(&conflict.path), root.join(plan::aside(&conflict.path)));
        let found = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        write(&aside, &found)?;
        write(&path, conflict.wanted.as_bytes())?;
    }
    let (inside, around): (Vec<_>, Vec<_>) =
        plan.changes.iter().partition(|change| change.path.starts_with(&format!("{FOLDER}/")));
    for change in inside.into_iter().chain(around) {
        write(&root.join(&change.path), change.text.as_bytes())?;
    }
    for path in &plan.removed {
        let path = root.join(path);
        std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    write(&root.join(record::PATH), plan.record.text().as_bytes())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|found| found == content) {
        return Ok(());
    }
    write_with_folders(path, content)
}

/// A clone would lack what a pattern of the repository ignores.
fn warn_of_ignored(root: &Path, printer: &Printer) {
    let Ok(ignored) = git(root).args(["ls-files", "--others", "--ignored", "--exclude-standard", "--", FOLDER]).read()
    else {
        return;
    };
    for path in ignored.lines() {
        printer.warning(&format!(
            "{path} is ignored by git, and no clone will have it\n  hint: `git check-ignore --verbose {path}` says by \
             which pattern; `git add --force {path}`"
        ));
    }
}

fn conclude(root: &Path, plan: &Plan, changed: usize, printer: &Printer) {
    for path in &plan.merged {
        printer.say(&format!("{path} has this version's changes and yours"));
    }
    for path in &plan.left {
        printer.say(&format!("{path} is no part of this version; it stays, since it was edited"));
    }
    for conflict in &plan.conflicts {
        printer.say(&format!("{} is this version's; yours is {}", conflict.path, plan::aside(&conflict.path)));
    }
    printer.message(
        "vendored",
        json!({
            "folder": FOLDER,
            "version": env!("CARGO_PKG_VERSION"),
            "changed": changed,
            "merged": plan.merged,
            "set_aside": plan.conflicts.iter().map(|conflict| plan::aside(&conflict.path)).collect::<Vec<_>>(),
        }),
    );
    printer.data(FOLDER);
    let there = root.display();
    printer.say(&match changed {
        0 => format!("{there} has this version already"),
        _ => format!(
            "{changed} files of {there} are written; commit them. In any folder there, `cargo xtask doctor` says what \
             a build lacks, and `cargo xtask build-image` builds"
        ),
    });
}
