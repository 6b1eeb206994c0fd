//! What must not leave the machine that builds.

use std::collections::BTreeMap;

use diagnostics::{At, Finding, FindingText, SecretShape};

use crate::checks::Context;
use crate::codes::{LOCAL_SETTINGS, NODE_MODULES, SECRET};
use crate::entry::{Entry, EntryKind};

const NARROW: &str = "narrow \"files\" of its package.json, usually to [\"dist\"], then run `cargo xtask build-image`";

/// Ends of `.env.*` that are there to be read.
const SAMPLES: &[&str] = &[".example", ".sample", ".template"];

fn entries<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Entry> {
    context.bundle.seen().into_iter().flat_map(|content| content.sorted())
}

/// Settings of one machine.
pub(crate) fn local_settings(context: &Context<'_>) -> Vec<Finding> {
    let local = entries(context).filter(|entry| entry.kind != EntryKind::Folder && is_local(&entry.path));
    let finding = |entry: &Entry| {
        let next = format!("{NARROW}; replace the secrets it held");
        let at = At::entry(context.bundle.name, &entry.name);
        LOCAL_SETTINGS.finding(
            at,
            FindingText { expected: "no *.local.yaml and no .env", found: "settings of one machine", next: &next },
        )
    };
    local.map(finding).collect()
}

fn is_local(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_env = name == ".env" || name.starts_with(".env.");
    let is_sample = SAMPLES.iter().any(|end| name.ends_with(end));
    name.ends_with(".local.yaml") || name.ends_with(".local.yml") || (is_env && !is_sample)
}

/// Folders of installed dependencies; each is said once.
pub(crate) fn node_modules(context: &Context<'_>) -> Vec<Finding> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for folder in entries(context).filter_map(|entry| installed_in(&entry.path)) {
        *folders.entry(folder).or_default() += 1;
    }
    let finding = |(folder, count): (&str, usize)| {
        let found = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
        NODE_MODULES.finding(
            At::entry(context.bundle.name, folder),
            FindingText { expected: "no node_modules", found: &found, next: NARROW },
        )
    };
    folders.into_iter().map(finding).collect()
}

/// The outermost folder `node_modules` that a path is or goes through.
fn installed_in(path: &str) -> Option<&str> {
    const NAME: &str = "node_modules";
    let mut end = 0;
    for part in path.split('/') {
        end += part.len();
        if part == NAME {
            return Some(&path[..end]);
        }
        end += 1;
    }
    None
}

/// Files with keys or tokens in them; what they are is never said.
pub(crate) fn secrets(context: &Context<'_>) -> Vec<Finding> {
    let found = context.bundle.seen().into_iter().flat_map(|content| &content.secrets);
    let finding = |(name, kinds): (&String, &Vec<SecretShape>)| {
        let found: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let next = "revoke it, then take it out of the sources: read it at run time, as ${NAME} in an app-config";
        SECRET.finding(
            At::entry(context.bundle.name, name),
            FindingText { expected: "a file without secrets", found: &found.join(", "), next },
        )
    };
    found.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_local_settings() {
        for path in ["app-config.local.yaml", "a/x.local.yml", "a/.env", ".env.production"] {
            assert!(is_local(path), "{path}");
        }
        for path in ["app-config.yaml", "local.yaml", ".env.example", ".environment", "env", ".env/x"] {
            assert!(!is_local(path), "{path}");
        }
    }

    #[test]
    fn the_outermost_folder_counts() {
        assert_eq!(installed_in("a/node_modules/b/node_modules/c"), Some("a/node_modules"));
        assert_eq!(installed_in("node_modules"), Some("node_modules"));
        assert_eq!(installed_in("a/node_modules_dist/x"), None);
    }
}
