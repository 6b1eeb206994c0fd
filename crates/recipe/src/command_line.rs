//! The command lines of the steps, and how a shell would read them.

use monorepo::{Monorepo, Workspace};

use crate::action::Action;

/// Runs a program in the root of the work tree.
pub(crate) fn run<const N: usize>(argv: [&str; N]) -> Action {
    run_in("", argv.map(str::to_owned).to_vec())
}

fn run_in(folder: &str, argv: Vec<String>) -> Action {
    Action::Run { argv, folder: folder.to_owned() }
}

/// Builds one package with the Backstage CLI.
///
/// The CLI is started by Node itself where the package's script is a plain call of it and every
/// workspace shares the root's copy: `yarn run` costs a second that a one-line edit would notice.
pub(crate) fn build_package(repo: &Monorepo, package: &Workspace) -> Action {
    let script = package.manifest.script("build").unwrap_or("backstage-cli package build");
    match direct("backstage-cli", script).filter(|_| shares_root_version(repo, package, "@backstage/cli")) {
        Some(arguments) => backstage_cli(package, arguments),
        None => run_in(&package.folder, ["yarn", "run", "build"].map(str::to_owned).to_vec()),
    }
}

/// The root's copy of the Backstage CLI, in the folder of a package.
pub(crate) fn backstage_cli(package: &Workspace, arguments: impl IntoIterator<Item = String>) -> Action {
    let depth = package.folder.split('/').count();
    let cli = format!("{}node_modules/@backstage/cli/bin/backstage-cli", "../".repeat(depth));
    run_in(&package.folder, ["node".to_owned(), cli].into_iter().chain(arguments).collect())
}

/// The type check: the root's `tsc` script.
pub(crate) fn typecheck(repo: &Monorepo) -> Option<Action> {
    let script = repo.manifest.script("tsc")?;
    Some(match direct("tsc", script) {
        Some(arguments) => {
            let compiler = ["node", "node_modules/typescript/bin/tsc"].map(str::to_owned);
            run_in("", compiler.into_iter().chain(arguments).collect())
        }
        None => run(["yarn", "run", "tsc"]),
    })
}

/// Whether an action starts Yarn, which reads the settings and so wants their variables.
pub(crate) fn starts_yarn(action: &Action) -> bool {
    matches!(action, Action::Run { argv, .. } if argv.first().is_some_and(|program| program == "yarn"))
}

/// The arguments of a script that is one plain call of `program`.
pub(crate) fn direct(program: &str, script: &str) -> Option<Vec<String>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_./=:,@".contains(c);
    let mut words = script.split_whitespace();
    (words.next() == Some(program) && script.chars().all(is_plain)).then(|| words.map(str::to_owned).collect())
}

/// Whether a package resolves `dependency` to the same version as the root does; one that does not
/// ask for it at all gets the root's.
pub(crate) fn shares_root_version(repo: &Monorepo, package: &Workspace, dependency: &str) -> bool {
    let resolve = |manifest: &monorepo::Manifest| {
        let (_, range) = manifest.all_dependencies().find(|(name, _)| *name == dependency)?;
        let entry = repo.lockfile.resolve(&format!("{dependency}@npm:{range}"))?;
        Some(entry.resolution.clone())
    };
    match (resolve(&repo.manifest), resolve(&package.manifest)) {
        (Some(root), Some(own)) => root == own,
        (root, None) => root.is_some(),
        (None, Some(_)) => false,
    }
}

/// Joins words so that a POSIX shell splits them again into the same.
pub(crate) fn shell_join<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| shell_quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

/// One word for a POSIX shell.
pub(crate) fn shell_quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%^~{}".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('~') {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_calls_are_made_directly() {
        assert_eq!(direct("tsc", "tsc").unwrap(), Vec::<String>::new());
        assert_eq!(
            direct("backstage-cli", "backstage-cli package build --minify").unwrap(),
            ["package", "build", "--minify"]
        );
        assert_eq!(direct("tsc", "tsc && echo done"), None);
        assert_eq!(direct("tsc", "NODE_OPTIONS=x tsc"), None);
    }

    #[test]
    fn quoting_survives_quotes_and_spaces() {
        assert_eq!(shell_join(&["a b", "it's", "plain/path"]), r"'a b' 'it'\''s' plain/path");
        assert_eq!(shell_quote(""), "''");
    }
}
