//! Finding the monorepo.

use std::path::{Path, PathBuf};

use diagnostics::Problem;

use crate::manifest::Manifest;

/// Where to look, in order.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A folder the user named; nothing else is tried then.
    pub named: Option<PathBuf>,
    /// Look from here upwards.
    pub from: PathBuf,
    /// The folder this tool is vendored in; looked at from its parent upwards when all else fails.
    pub vendored_in: Option<PathBuf>,
}

impl Search {
    /// The root of the monorepo: a folder whose `package.json` has workspaces.
    ///
    /// # Errors
    /// There is none; the message says where it looked.
    pub fn run(&self) -> Result<PathBuf, Problem> {
        if let Some(named) = &self.named {
            let folder = named.canonicalize().map_err(|_| no_such_folder(named))?;
            return upwards(&folder).ok_or_else(|| not_found(&folder));
        }
        let vendored = || self.vendored_in.as_deref().and_then(Path::parent).and_then(upwards);
        upwards(&self.from).or_else(vendored).ok_or_else(|| not_found(&self.from))
    }
}

fn upwards(from: &Path) -> Option<PathBuf> {
    from.ancestors().find(|folder| has_workspaces(folder)).map(Path::to_owned)
}

/// A broken root manifest still marks a root: the reading that follows says what is wrong with it.
fn has_workspaces(folder: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join("package.json")) else { return false };
    match Manifest::parse("package.json", &text) {
        Ok(manifest) => manifest.workspaces.is_some(),
        Err(_) => ["backstage.json", "yarn.lock"].iter().any(|name| folder.join(name).is_file()),
    }
}

fn no_such_folder(named: &Path) -> Problem {
    Problem::new(named, "no such folder", "the folder of a Backstage monorepo", "name another with `--repo DIR`")
}

fn not_found(from: &Path) -> Problem {
    Problem::new(
        from,
        "no Backstage monorepo here or in a folder above",
        "a package.json with \"workspaces\"",
        "name the repository with `--repo DIR`",
    )
}
