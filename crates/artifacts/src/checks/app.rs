//! Whether the bundle carries the app that the backend serves.

use diagnostics::{At, Finding, FindingText};
use monorepo::{Monorepo, Role, Workspace};

use crate::checks::Context;
use crate::codes::NO_APP;
use crate::content::Content;

/// An app without its page or without its scripts. The backend starts all the same and answers 404.
pub(crate) fn missing(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let finding = |app: &Workspace| {
        let (page, scripts) = (page(app), scripts(app));
        let (entry, found) = match (content.has_file(&page), content.has_files_under(&scripts)) {
            (true, true) => return None,
            (true, false) => (&scripts, format!("no file under {scripts}")),
            (false, true) => (&page, format!("no {page}")),
            (false, false) => (&page, format!("neither {page} nor a file under {scripts}")),
        };
        let expected = format!("the built app {}: {page} and files under {scripts}", app.name);
        let next = format!(
            "run `cargo xtask build-image`; if it stays, see whether `yarn workspace {} build` fails and \"files\" includes dist",
            app.name
        );
        Some(NO_APP.finding(
            At::entry(context.bundle.name, entry),
            FindingText { expected: &expected, found: &found, next: &next },
        ))
    };
    apps(context.repo).into_iter().filter_map(finding).collect()
}

/// The apps among the production packages.
pub(crate) fn apps(repo: &Monorepo) -> Vec<&Workspace> {
    let packages = repo.production_packages().into_iter();
    packages.filter(|package| package.manifest.role() == Some(Role::Frontend)).collect()
}

/// The apps that are in the bundle as far as [`missing`] looks.
pub(crate) fn built<'a>(repo: &'a Monorepo, content: &Content) -> Vec<&'a Workspace> {
    let is_built = |app: &&Workspace| content.has_file(&page(app)) && content.has_files_under(&scripts(app));
    apps(repo).into_iter().filter(is_built).collect()
}

/// The page that the backend serves.
pub(crate) fn page(app: &Workspace) -> String {
    format!("{}/dist/index.html", app.folder)
}

fn scripts(app: &Workspace) -> String {
    format!("{}/dist/static", app.folder)
}
