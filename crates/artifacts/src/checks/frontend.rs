//! Whether the app works once it is served.

use std::collections::BTreeSet;

use diagnostics::{At, Finding, FindingText};
use monorepo::{APP_BACKEND, APP_OPTION, Monorepo, Workspace};
use serde::de::IgnoredAny;

use crate::checks::app::{apps, built, page};
use crate::checks::{Context, REBUILD};
use crate::codes::{NO_FRONTEND, NO_SCHEMA, NO_TEMPLATE, UNBUNDLED_FRONTEND, UNKNOWN_ASSET};
use crate::content::Content;
use crate::html::{own_path, references};

/// References of one page that are looked at, and the longest of them; a usual page has 30.
const MOST_REFERENCES: usize = 1000;
const LONGEST_REFERENCE: usize = 1024;

/// The files of the bundle that these checks read.
pub(crate) fn documents(repo: &Monorepo) -> BTreeSet<String> {
    let of_apps = apps(repo).into_iter().flat_map(|app| [page(app), template(app), schema(app)]);
    of_apps.chain([code(repo.backend())]).collect()
}

/// Where the Backstage CLI puts a backend's code.
fn code(backend: &Workspace) -> String {
    format!("{}/dist/index.cjs.js", backend.folder)
}

fn template(app: &Workspace) -> String {
    format!("{}.tmpl", page(app))
}

fn schema(app: &Workspace) -> String {
    format!("{}/dist/.config-schema.json", app.folder)
}

/// Scripts and styles that a page names and that are not there: of another build.
pub(crate) fn unknown_assets(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let apps = built(context.repo, content).into_iter();
    apps.flat_map(|app| [page(app), template(app)].map(|page| (app, page)))
        .flat_map(|(app, page)| {
            let missing = missing_assets(content, app, &page);
            missing.into_iter().map(move |path| (app, page.clone(), path))
        })
        .map(|(app, page, path)| {
            let expected = format!("{}/dist/{path}, which it names", app.folder);
            let next = format!("delete {}/dist and run `cargo xtask build-image`", app.folder);
            UNKNOWN_ASSET.finding(
                At::entry(context.bundle.name, &page).key("files"),
                FindingText { expected: &expected, found: "no such file", next: &next },
            )
        })
        .collect()
}

fn missing_assets(content: &Content, app: &Workspace, page: &str) -> BTreeSet<String> {
    let Some(text) = content.documents.get(page).map(|bytes| String::from_utf8_lossy(bytes)) else {
        return BTreeSet::new();
    };
    let dist = format!("{}/dist", app.folder);
    let own = references(&text).into_iter().take(MOST_REFERENCES).filter_map(own_path).collect::<BTreeSet<_>>();
    own.into_iter().filter(|path| !is_served(content, &dist, path)).map(str::to_owned).collect()
}

/// Whether the path is there, or is after leaving out the first parts: the base path of the app's URL.
fn is_served(content: &Content, dist: &str, path: &str) -> bool {
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    path.len() <= LONGEST_REFERENCE && starts.into_iter().any(|at| content.has_file(&format!("{dist}/{}", &path[at..])))
}

/// No template of the page, where a backend would fill it in.
pub(crate) fn no_template(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content().filter(|_| context.repo.serves_an_app()) else { return Vec::new() };
    let lacking = built(context.repo, content).into_iter().filter(|app| !content.has_file(&template(app)));
    let finding = |app: &Workspace| {
        let path = template(app);
        let expected = format!("{path}, which {APP_BACKEND} fills with the running configuration");
        let next = "update @backstage/cli with `yarn backstage-cli versions:bump`, then run `cargo xtask build-image`";
        NO_TEMPLATE.finding(
            At::entry(context.bundle.name, &path),
            FindingText { expected: &expected, found: "no such file", next },
        )
    };
    lacking.map(finding).collect()
}

/// No schema that says which configuration a browser may see, or a broken one.
pub(crate) fn no_schema(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let finding = |app: &Workspace| {
        let path = schema(app);
        let found = match content.documents.get(&path) {
            Some(bytes) => serde_json::from_slice::<IgnoredAny>(bytes).err()?.to_string(),
            None if content.has_file(&path) => return None,
            None => "no such file".to_owned(),
        };
        let expected = format!("{path}, the configuration schema of {} as JSON", app.name);
        Some(NO_SCHEMA.finding(
            At::entry(context.bundle.name, &path),
            FindingText { expected: &expected, found: &found, next: REBUILD },
        ))
    };
    built(context.repo, content).into_iter().filter_map(finding).collect()
}

/// Apps whose dependencies would be installed for production.
pub(crate) fn unbundled(context: &Context<'_>) -> Vec<Finding> {
    let finding = |app: &Workspace| {
        let path = app.manifest_path();
        let found = format!("none, so that its {} dependencies are installed", app.manifest.dependencies.len());
        let next = format!("add \"bundled\": true to {path}, then run `cargo xtask build-image`");
        let at = At::entry(context.bundle.name, &path).key("backstage");
        UNBUNDLED_FRONTEND.finding(
            at,
            FindingText { expected: "\"bundled\": true, since its role is frontend", found: &found, next: &next },
        )
    };
    let content = context.bundle.content().into_iter();
    let unbundled = content.flat_map(|_| apps(context.repo)).filter(|app| !app.manifest.bundled);
    unbundled.map(finding).collect()
}

/// A backend that serves an app and takes none along; silent when one may come from elsewhere.
pub(crate) fn absent(context: &Context<'_>) -> Vec<Finding> {
    let (repo, backend) = (context.repo, context.repo.backend());
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let is_installed = repo.may_have_foreign_app();
    if !repo.serves_an_app() || !adds_the_plugin(content, backend) || is_installed || !apps(repo).is_empty() {
        return Vec::new();
    }
    let path = backend.manifest_path();
    let expected = format!("a package with the role frontend among the dependencies of {}", backend.name);
    let next = format!("add \"app\": \"link:../app\" to the dependencies in {path} and run `yarn install`");
    let at = At::entry(context.bundle.name, &path).key(APP_BACKEND);
    vec![
        NO_FRONTEND
            .finding(at, FindingText { expected: &expected, found: &format!("none, but {APP_BACKEND}"), next: &next }),
    ]
}

/// Whether the backend's own code is seen to add the plugin, with its app named by the configuration.
fn adds_the_plugin(content: &Content, backend: &Workspace) -> bool {
    let code = content.documents.get(&code(backend)).map(|bytes| String::from_utf8_lossy(bytes));
    code.is_some_and(|code| code.contains(APP_BACKEND) && !code.contains(APP_OPTION))
}
