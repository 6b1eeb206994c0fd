//! What a deployer that clones the repository would build, against what is built here.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use deployment::BuildContext;
use diagnostics::{Message, megabytes, scan_for_secrets};
use monorepo::Monorepo;
use recipe::Recipe;
use serde_json::json;

use crate::console::Console;
use crate::git::git;

/// So many names are said of a list.
const SAID: usize = 3;
/// Where in the rendered file a line of one's own belongs.
const TEMPLATE: &str = "assets/Dockerfile.flightcontrol.dockerignore";

/// Compares them, without a build, and warns.
///
/// # Errors
/// A template of `assets/` cannot be filled in.
pub fn warn(repo: &Monorepo, console: &dyn Console) -> Result<()> {
    let recipe = recipe::plan(repo, None);
    let Some(clone) = clone_of(&repo.root) else { return Ok(()) };
    let (name, text) = ignore_file(repo, &recipe)?;
    let context = BuildContext::of(repo, &recipe, &clone, &text);
    let secret = secrets(repo, &context);
    for warning in warnings(&name, &context, &secret) {
        console.warning(&warning);
    }
    console.message(
        "context",
        json!({
            "files": context.files,
            "bytes": context.bytes,
            "missing": context.missing,
            "not_in_clone": context.not_in_clone,
            "overlooked": context.overlooked,
            "large": context.large.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            "secret": secret,
        }),
    );
    Ok(())
}

/// Files that git knows, with their sizes; nothing without git.
fn clone_of(root: &Path) -> Option<BTreeMap<String, u64>> {
    let names = git(root).args(["ls-files", "--cached", "-z"]).read().ok()?;
    let names = names.split('\0').filter(|name| !name.is_empty());
    let size = |name: &str| std::fs::symlink_metadata(root.join(name)).map(|file| file.len());
    Some(names.filter_map(|name| Some((name.to_owned(), size(name).ok()?))).collect())
}

/// The ignore file that a deployer takes: the committed one, else as it would be rendered.
fn ignore_file(repo: &Monorepo, recipe: &Recipe) -> Result<(String, String)> {
    let path = recipe.ignore_file();
    if let Ok(committed) = std::fs::read_to_string(repo.root.join(&path)) {
        return Ok((path, committed));
    }
    let [_, rendered] = recipe::render(repo, recipe).context("filling in a template of assets/")?;
    Ok((path, rendered.text))
}

/// Files that hold a secret, and which kind; files of variables are taken to hold some.
fn secrets(repo: &Monorepo, context: &BuildContext) -> Vec<String> {
    let kind = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.starts_with(".env") {
            return Some("variables");
        }
        let data = std::fs::read(repo.root.join(path)).ok()?;
        scan_for_secrets(path, &data).first().map(|secret| secret.name())
    };
    let named = context.delicate.iter().filter_map(|path| Some(format!("{path} ({})", kind(path)?)));
    named.collect()
}

fn warnings(ignore_file: &str, context: &BuildContext, secret: &[String]) -> Vec<String> {
    let large: Vec<_> = context.large.iter().map(|(path, size)| format!("{path} ({})", megabytes(*size))).collect();
    let about = [
        (
            &context.missing,
            format!("{ignore_file} leaves out, of what a deployment's build reads,"),
            "write the file anew with `cargo xtask render`".to_owned(),
        ),
        (
            &context.not_in_clone,
            "this build reads what git does not know, so that no deployment will have it:".to_owned(),
            "add it to git, or build what is committed with `--from-git`".to_owned(),
        ),
        (
            &context.overlooked,
            "git has, and .gitignore leaves out, so that no build sees".to_owned(),
            "take the pattern out of .gitignore (`git check-ignore --no-index --verbose FILE` names it)".to_owned(),
        ),
        (
            &large,
            "every deployment sends to its builder".to_owned(),
            format!("if no build reads it, give it a line in {TEMPLATE} and render again"),
        ),
        (
            &secret.to_vec(),
            "a secret is in git and goes into every build:".to_owned(),
            "take it out of git and replace it: whoever has a clone has it".to_owned(),
        ),
    ];
    let about = about.into_iter().filter(|(paths, ..)| !paths.is_empty());
    about.map(|(paths, what, hint)| Message::new(format!("{what} {}", listed(paths))).hint(hint).to_string()).collect()
}

fn listed(paths: &[String]) -> String {
    let said = paths.iter().take(SAID).map(|path| path.escape_debug().to_string()).collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(SAID) {
        0 => said,
        more => format!("{said} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_counted() {
        let paths: Vec<String> = ["a", "b", "c", "d\n"].map(str::to_owned).to_vec();
        assert_eq!(listed(&paths), "a, b, c and 1 more");
        assert_eq!(listed(&paths[3..]), "d\\n");
    }

    #[test]
    fn nothing_odd_is_nothing_to_say() {
        assert_eq!(warnings("x", &BuildContext::default(), &[]), Vec::<String>::new());
    }
}
