//! The build context of a deployment: what of a clone an ignore file lets through.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;

use monorepo::Monorepo;
use recipe::Recipe;

use crate::check::IgnoreFile;
use crate::flightcontrol::inputs;

/// Larger files are seldom meant for a build, in bytes.
const LARGE: u64 = 20_000_000;
/// Where Yarn keeps what it needs, some of it large.
const YARN: &str = ".yarn/";

/// A clone as the engine of a deployer gets to see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildContext {
    /// Number of files.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Files of the clone that a step reads, and that the ignore file leaves out.
    pub missing: Vec<String>,
    /// Files that a step reads here, and that no clone has.
    pub not_in_clone: Vec<String>,
    /// Files of the clone, where steps read, that `.gitignore` leaves out all the same.
    pub overlooked: Vec<String>,
    /// Large files, with their size in bytes.
    pub large: Vec<(String, u64)>,
    /// Files that by their names may hold secrets.
    pub delicate: Vec<String>,
}

impl BuildContext {
    /// What becomes of a clone with these files, and their sizes in bytes, by this ignore file.
    pub fn of(repo: &Monorepo, recipe: &Recipe, clone: &BTreeMap<String, u64>, ignore_file: &str) -> Self {
        let ignore_file = IgnoreFile::parse(ignore_file);
        let needed: BTreeSet<String> =
            inputs(repo, recipe).into_iter().filter(|path| repo.tree.get(path).is_some()).collect();
        let (ignored, seen): (Vec<_>, Vec<_>) = clone.iter().partition(|(path, _)| ignore_file.ignores(path));
        let names = |files: &mut dyn Iterator<Item = &String>| files.cloned().collect::<Vec<_>>();
        Self {
            files: seen.len(),
            bytes: seen.iter().map(|(_, size)| **size).sum(),
            missing: names(&mut ignored.iter().map(|(path, _)| *path).filter(|path| needed.contains(*path))),
            not_in_clone: names(&mut needed.iter().filter(|path| !clone.contains_key(*path))),
            overlooked: names(&mut clone.keys().filter(|path| is_overlooked(repo, recipe, path))),
            large: seen
                .iter()
                .filter(|(path, size)| **size > LARGE && !path.starts_with(YARN))
                .map(|(path, size)| ((*path).clone(), **size))
                .collect(),
            delicate: names(&mut seen.iter().map(|(path, _)| *path).filter(|path| may_hold_secrets(path))),
        }
    }
}

/// Added by force: git has it, whatever `.gitignore` says, and a build that goes by `.gitignore` has not.
fn is_overlooked(repo: &Monorepo, recipe: &Recipe, path: &str) -> bool {
    let is_read = || {
        let paths = recipe.steps.iter().flat_map(|step| &step.inputs.paths);
        paths.into_iter().any(|input| path.strip_prefix(input.as_str()).is_some_and(|rest| rest.starts_with('/')))
    };
    repo.is_ignored_source(path) && is_read()
}

/// By the names that tools give to such files. `.env.example` and the like are there to be read.
fn may_hold_secrets(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let extension = Path::new(&name).extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_environment = name == ".env"
        || name.starts_with(".env.") && !["example", "sample", "template", "dist", "defaults"].contains(&extension);
    is_environment
        || ["pem", "key", "p12", "pfx", "jks", "keystore"].contains(&extension)
        || [".npmrc", ".netrc", ".pypirc", ".yarnrc.yml", "id_rsa", "id_ed25519"].contains(&name.as_str())
        || name.starts_with("app-config") && ["yaml", "yml"].contains(&extension)
        || name.contains("credentials") && ["json", "yaml", "yml"].contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_where_secrets_are() {
        for path in [".env", "a/.env.production", "tls/server.key", ".npmrc", "app-config.yaml", "gcp-credentials.json"]
        {
            assert!(may_hold_secrets(path), "{path}");
        }
        for path in [".env.example", "src/credentials.ts", "keys.ts", "config.yaml", "packages/app/package.json"] {
            assert!(!may_hold_secrets(path), "{path}");
        }
    }
}
