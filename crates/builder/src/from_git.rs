//! `--from-git`: the files of a commit, as whoever clones the repository would have them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use diagnostics::{Failed, Message, WrongUsage};
use process::EngineError;
use serde_json::json;

use crate::console::Console;
use crate::git::{ORIGIN, STATUS, git, without_credentials};
use crate::state::State;

/// Our clone, within the state of the repository.
const CLONE: &str = "clone";

/// Checks the commit out, below the state folder, and gives the root of the monorepo there. The repository itself
/// is not written to.
///
/// # Errors
/// Git is missing, there is no such commit, or the disk refused.
pub fn check_out(root: &Path, revision: &str, state: &State, console: &dyn Console) -> Result<PathBuf> {
    let commit = ask(root, ["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")])
        .map_err(|error| no_commit(revision, root, &error))?;
    let (top, inside) = (ask(root, ["rev-parse", "--show-toplevel"])?, ask(root, ["rev-parse", "--show-prefix"])?);
    let clone = state.path(CLONE);
    if !is_clone_of(&clone, Path::new(&top)) {
        make_clone(Path::new(&top), &clone)?;
    }
    ask(&clone, ["checkout", "--quiet", "--force", "--detach", &commit])?;
    // What an earlier commit had, and this one does not; what is ignored is no input.
    ask(&clone, ["clean", "--quiet", "-ffd"])?;
    name_origin(root, &clone)?;
    let status = ask(root, STATUS)?;
    let left_out = status.lines().count();
    console.line(&format!("building {commit} of {}{}", root.display(), in_words(left_out)));
    console.message("commit", json!({ "revision": commit, "left_out": left_out }));
    Ok(clone.join(inside))
}

/// How much of the work tree the commit lacks.
fn in_words(left_out: usize) -> String {
    match left_out {
        0 => String::new(),
        1 => "; one changed or new file here is not in it".to_owned(),
        count => format!("; {count} changed or new files here are not in it"),
    }
}

/// Runs git in a folder; it starts no hooks.
fn ask<I: IntoIterator<Item: AsRef<OsStr>>>(folder: &Path, arguments: I) -> Result<String, EngineError> {
    let git = git(folder).args(["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"]);
    git.args(arguments.into_iter().map(|argument| argument.as_ref().to_owned())).read()
}

fn no_commit(revision: &str, root: &Path, error: &EngineError) -> anyhow::Error {
    let said = error.to_string();
    if said.contains("Needed a single revision") || said.contains("unknown revision") {
        let revision = revision.escape_debug();
        let hint = "name a commit, branch or tag that `git log` knows";
        return WrongUsage::new(format!("{}: no commit is called {revision}", root.display())).hint(hint).into();
    }
    let text = format!("{}: git does not read it: {}", root.display(), error.text());
    Failed::new(Message::new(text).hint("build the files that are there, without --from-git")).into()
}

/// Whether the clone takes its objects from this repository.
fn is_clone_of(clone: &Path, top: &Path) -> bool {
    let alternates = std::fs::read_to_string(clone.join(".git/objects/info/alternates")).unwrap_or_default();
    let objects = ask(top, ["rev-parse", "--path-format=absolute", "--git-path", "objects"]).unwrap_or_default();
    !objects.is_empty() && alternates.trim_end() == objects && clone.join(".git/HEAD").is_file()
}

/// Copies no objects.
fn make_clone(top: &Path, clone: &Path) -> Result<()> {
    let partial = clone.with_extension("partial");
    for folder in [&partial, &clone.to_path_buf()] {
        process::remove_tree(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let arguments = ["clone", "--quiet", "--shared", "--no-checkout", "--template=", "--"].map(OsStr::new);
    ask(Path::new("/"), arguments.into_iter().chain([top.as_os_str(), partial.as_os_str()]))?;
    std::fs::rename(&partial, clone).with_context(|| format!("naming {}", clone.display()))
}

/// The clone says of its origin what the repository says: it is written on the image.
fn name_origin(root: &Path, clone: &Path) -> Result<()> {
    let origin = ask(root, ORIGIN).unwrap_or_default();
    ask(clone, ["config", "remote.origin.url", &without_credentials(&origin)])?;
    Ok(())
}
