//! Apps that would not work once they are served.

use artifacts::BUNDLE;
use diagnostics::Severity;
use monorepo::Monorepo;

use crate::pair::{Item, Pair, assert_error, only_error, only_finding, verify_in};
use crate::repo;

const PAGE: &str = "packages/app/dist/index.html";
const TEMPLATE: &str = "packages/app/dist/index.html.tmpl";
const SCHEMA: &str = "packages/app/dist/.config-schema.json";
const CODE: &str = "packages/backend/dist/index.cjs.js";

/// The backend depends on the plugin that serves the app.
const SERVES: &[(&str, &str)] = &[
    (r#""express": "^4.0.0""#, r#""express": "^4.0.0", "@backstage/plugin-app-backend": "^0.5.0""#),
    (
        "    express: \"npm:^4.0.0\"\n",
        "    \"@backstage/plugin-app-backend\": \"npm:^0.5.0\"\n    express: \"npm:^4.0.0\"\n",
    ),
];

#[test]
fn a_page_of_another_build() {
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, PAGE, |text| text.replace("main.js", "main.2.js"));
    let expected = "packages/app/dist/static/main.2.js, which it names";
    assert_error(&pair.only_error(), "BX028", &format!("{BUNDLE} {PAGE}"), expected, "no such file");
}

#[test]
fn a_template_of_another_build() {
    let mut pair = Pair::good();
    let page = r#"<link rel="stylesheet" href="<%= publicPath %>/static/\u{1b}.css">"#.replace("\\u{1b}", "\u{1b}");
    pair.bundle.push(Item::file(TEMPLATE, page));
    let expected = "packages/app/dist/static/\\u{1b}.css, which it names";
    assert_error(&pair.only_error(), "BX028", &format!("{BUNDLE} {TEMPLATE}"), expected, "no such file");
}

#[test]
fn a_base_path_and_files_of_others_are_fine() {
    let page = "<script src='/portal/static/main.js?x'></script><script src='https://cdn.example/x.js'></script>\
                <script src='static/main.js'></script><link rel=icon href=/none.png>";
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, PAGE, |_| page.to_owned());
    pair.bundle.push(Item::file(TEMPLATE, "<script src='<%= publicPath %>/static/main.js'></script>"));
    assert_eq!(pair.verify().findings, []);
}

#[test]
fn no_template_to_fill_in() {
    let repo = repo::changed(SERVES);
    let mut pair = Pair::changed(SERVES);
    let expected = format!("{TEMPLATE}, which @backstage/plugin-app-backend fills with the running configuration");
    let found = only_finding(&verify_in(&pair, &repo), Severity::Warning);
    assert_error(&found, "BX029", &format!("{BUNDLE} {TEMPLATE}"), &expected, "no such file");

    pair.bundle.push(Item::file(TEMPLATE, ""));
    assert_eq!(verify_in(&pair, &repo).findings, []);
}

#[test]
fn no_configuration_schema() {
    let (expected, place) =
        (format!("{SCHEMA}, the configuration schema of app as JSON"), format!("{BUNDLE} {SCHEMA}"));
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, SCHEMA, |_| "{".to_owned());
    let found = "EOF while parsing an object at line 1 column 1";
    assert_error(&pair.only_error(), "BX030", &place, &expected, found);

    pair.bundle.retain(|item| item.path != SCHEMA);
    assert_error(&pair.only_error(), "BX030", &place, &expected, "no such file");
}

#[test]
fn an_app_that_is_not_bundled() {
    let repo = repo::changed(&[("  \"bundled\": true,\n", "")]);
    let unbundled = "\"dependencies\": {\"react\": \"^18.0.0\"},\n";
    let pair = Pair::changed(&[("\"bundled\": true,\n", unbundled)]);
    let found = only_finding(&verify_in(&pair, &repo), Severity::Warning);
    let expected = "\"bundled\": true, since its role is frontend";
    let place = format!("{BUNDLE} packages/app/package.json");
    assert_error(&found, "BX033", &place, expected, "none, so that its 1 dependencies are installed");
}

/// A repository whose backend serves an app that does not come along, and its archives.
fn without_app(more: &[(&'static str, &'static str)]) -> (Monorepo, Pair) {
    let mut edits = SERVES.to_vec();
    edits.extend([(r#""app": "link:../app", "#, ""), ("    app: \"link:../app\"\n", "")]);
    edits.extend(more);
    let mut pair = Pair::changed(&edits);
    for items in [&mut pair.skeleton, &mut pair.bundle] {
        items.retain(|item| !item.path.starts_with("packages/app/"));
    }
    Pair::text(&mut pair.bundle, CODE, |_| "backend.add(import('@backstage/plugin-app-backend'))".to_owned());
    (repo::changed(&edits), pair)
}

#[test]
fn a_backend_that_serves_an_app_it_does_not_have() {
    let expected = "a package with the role frontend among the dependencies of backend";
    let place = format!("{BUNDLE} packages/backend/package.json");
    let found = "none, but @backstage/plugin-app-backend";
    let (repo, pair) = without_app(&[]);
    assert_error(&only_error(&verify_in(&pair, &repo)), "BX034", &place, expected, found);
}

#[test]
fn an_app_that_may_come_from_elsewhere_is_fine() {
    let asked = (
        r#""knex": "^3.0.0""#,
        r#""knex": "^3.0.0", "@company/portal": "^1.0.0""#,
        "    knex: \"npm:^3.0.0\"\n",
        "    \"@company/portal\": \"npm:^1.0.0\"\n    knex: \"npm:^3.0.0\"\n",
    );
    let entry = "\"app@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"app@npm:1.0.0\"\n\n\"root@workspace:.\":\n";
    let cases: [&[(&str, &str)]; 4] = [
        &[("title: Portal", "packageName: ${APP}")],
        &[("title: Portal", "$include: ./app.yaml")],
        &[("title: Portal", "packageName: '@company/portal'"), (asked.0, asked.1), (asked.2, asked.3)],
        &[("\"root@workspace:.\":\n", entry)],
    ];
    for edits in cases {
        let (repo, pair) = without_app(edits);
        assert_eq!(verify_in(&pair, &repo).findings, [], "{edits:?}");
    }
}

#[test]
fn a_backend_that_does_not_add_the_plugin_is_fine() {
    for code in ["start()", "import('@backstage/plugin-app-backend'); createRouter({ appPackageName: 'portal' })"] {
        let (repo, mut pair) = without_app(&[]);
        Pair::text(&mut pair.bundle, CODE, |_| code.to_owned());
        assert_eq!(verify_in(&pair, &repo).findings, [], "{code}");
    }
}
