//! Three versions of a text into one, by git.

use anyhow::{Context, Result};
use process::EngineError;
use xshell::{Shell, cmd};

/// Both edits of one text, or their conflicts with git's marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    Clean(String),
    Conflict(String),
}

/// What became of `original` when one side made `yours` of it and the other `new`.
///
/// # Errors
/// There is no git, or it fails.
pub(super) fn merge(original: &str, yours: &str, new: &str) -> Result<Merged> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    for (name, text) in [("original", original), ("yours", yours), ("new", new)] {
        std::fs::write(folder.path().join(name), text).context("writing into a temporary folder")?;
    }
    let shell = Shell::new()?;
    shell.change_dir(folder.path());
    let command = cmd!(shell, "git merge-file --stdout -L yours -L vendored -L new yours original new");
    let output = command.quiet().ignore_status().output().map_err(|_| no_git())?;
    let text = String::from_utf8(output.stdout).context("reading git's merge")?;
    // git-merge-file(1): the number of conflicts, at most 127; else it failed.
    match output.status.code() {
        Some(0) => Ok(Merged::Clean(text)),
        Some(1..=127) => Ok(Merged::Conflict(text)),
        _ => anyhow::bail!("git merge-file failed: {}", String::from_utf8_lossy(&output.stderr).trim()),
    }
}

fn no_git() -> EngineError {
    EngineError::Missing {
        what: "git".to_owned(),
        details: Vec::new(),
        hint: "install it: edited templates are merged by `git merge-file`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_of_different_lines_are_both_kept() {
        let merged = merge("a\nb\nc\nd\n", "a\nmine\nc\nd\n", "a\nb\nc\nnew\n").unwrap();
        assert_eq!(merged, Merged::Clean("a\nmine\nc\nnew\n".to_owned()));
    }

    #[test]
    fn edits_of_one_line_are_a_conflict() {
        let Merged::Conflict(text) = merge("a\n", "mine\n", "new\n").unwrap() else { unreachable!() };
        assert_eq!(text, "<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> new\n");
    }
}
