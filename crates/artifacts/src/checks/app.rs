//! Whether the bundle carries the app that the backend serves.

use monorepo::{Finding, Role, Workspace};

use crate::checks::Context;
use crate::codes::{At, NO_APP};

/// An app without its page or without its scripts. The backend starts all the same and answers 404.
pub(crate) fn missing(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let apps = context
        .repo
        .production_packages()
        .into_iter()
        .filter(|package| package.manifest.role() == Some(Role::Frontend));
    let finding = |app: &Workspace| {
        let (page, scripts) = (format!("{}/dist/index.html", app.folder), format!("{}/dist/static", app.folder));
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
        Some(NO_APP.finding(At::entry(context.bundle.name, entry), &expected, &found, &next))
    };
    apps.filter_map(finding).collect()
}
