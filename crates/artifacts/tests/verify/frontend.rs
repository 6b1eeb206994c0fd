//! Apps that would not work once they are served.

use artifacts::BUNDLE;
use monorepo::Severity;

use crate::pair::{Item, Pair, assert_error, only_error, only_finding, verify_in};
use crate::repo;

const PAGE: &str = "packages/app/dist/index.html";
const TEMPLATE: &str = "packages/app/dist/index.html.tmpl";
const SCHEMA: &str = "packages/app/dist/.config-schema.json";

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

#[test]
fn a_backend_that_serves_an_app_it_does_not_have() {
    let mut edits = SERVES.to_vec();
    edits.extend([(r#""app": "link:../app", "#, ""), ("    app: \"link:../app\"\n", "")]);
    let repo = repo::changed(&edits);
    let mut pair = Pair::changed(&edits);
    for items in [&mut pair.skeleton, &mut pair.bundle] {
        items.retain(|item| !item.path.starts_with("packages/app/"));
    }
    let expected = "a package with the role frontend among the dependencies of backend";
    let place = format!("{BUNDLE} packages/backend/package.json");
    let found = "none, but @backstage/plugin-app-backend";
    assert_error(&only_error(&verify_in(&pair, &repo)), "BX034", &place, expected, found);
}
