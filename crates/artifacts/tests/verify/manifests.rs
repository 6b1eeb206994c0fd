//! Archives whose manifests are not those of the repository.

use artifacts::{BUNDLE, SKELETON};

use crate::pair::{Item, Pair, assert_error, errors};

const BACKEND: &str = "packages/backend/package.json";

fn in_both(pair: &mut Pair, path: &str, from: &str, to: &str) {
    for items in [&mut pair.skeleton, &mut pair.bundle] {
        Pair::text(items, path, |text| text.replace(from, to));
    }
}

#[test]
fn not_json() {
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, BACKEND, |_| "{".to_owned());
    let place = format!("{BUNDLE} {BACKEND}");
    let found = "EOF while parsing an object at line 1 column 1";
    assert_error(&pair.only_error(), "BX015", &place, "a JSON object", found);

    Pair::text(&mut pair.bundle, BACKEND, |_| "[]".to_owned());
    assert_error(&pair.only_error(), "BX015", &place, "a JSON object", "JSON that is not an object");
}

#[test]
fn a_manifest_that_is_too_large() {
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, BACKEND, |text| format!("{text}{}", " ".repeat(2 << 20)));
    let error = pair.only_error();
    let place = format!("{BUNDLE} {BACKEND}");
    assert_error(&error, "BX009", &place, "a manifest of at most 1 MiB", "a larger one, or too many of them");
}

#[test]
fn the_skeleton_lacks_manifests() {
    let mut pair = Pair::good();
    pair.skeleton.retain(|item| item.path != "plugins/x/package.json");
    let place = format!("{SKELETON} plugins/x/package.json");
    let expected = "the manifest of @internal/x, which backend depends on";
    assert_error(&pair.only_error(), "BX016", &place, expected, "no such file");

    pair.skeleton.clear();
    let found = errors(&pair.verify());
    assert_eq!(found.iter().map(|error| error.code).collect::<Vec<_>>(), ["BX016"; 3]);
    assert_eq!(found[1].expected, "the manifest of the backend, backend");
}

#[test]
fn a_link_is_no_manifest() {
    let mut pair = Pair::good();
    pair.bundle.retain(|item| item.path != "plugins/x/package.json");
    pair.bundle.push(Item::link("plugins/x/package.json", b'2', "../../package.json"));
    assert_eq!(pair.only_error().code, "BX019");
}

#[test]
fn the_skeleton_has_manifests_too_many() {
    let mut pair = Pair::good();
    pair.skeleton.push(Item::file("plugins/unused/package.json", "{}"));
    let expected = "the manifests of backend and of its local dependencies";
    let place = format!("{SKELETON} plugins/unused/package.json");
    let found = "the manifest of @internal/unused, on which the backend does not depend";
    assert_error(&pair.only_error(), "BX017", &place, expected, found);

    pair.skeleton.last_mut().unwrap().path = "plugins/gone/package.json".to_owned();
    let place = format!("{SKELETON} plugins/gone/package.json");
    assert_error(&pair.only_error(), "BX017", &place, expected, "a manifest that is no workspace's");
}

#[test]
fn the_skeleton_has_something_else() {
    let mut pair = Pair::good();
    pair.skeleton.push(Item::file("yarn.lock", "x"));
    let expected = "manifests of packages (FOLDER/package.json) and nothing else";
    assert_error(&pair.only_error(), "BX018", &format!("{SKELETON} yarn.lock"), expected, "another file");

    *pair.skeleton.last_mut().unwrap() = Item::file("package.json", "{}");
    assert_eq!(pair.only_error().code, "BX018");

    *pair.skeleton.last_mut().unwrap() = Item::folder("packages/", 0o755);
    assert_eq!(pair.verify().findings, []);
}

#[test]
fn the_bundle_lacks_a_manifest() {
    let mut pair = Pair::good();
    pair.bundle.retain(|item| item.path != "packages/app/package.json");
    let place = format!("{BUNDLE} packages/app/package.json");
    let expected = "the manifest of app, which backend depends on";
    assert_error(&pair.only_error(), "BX019", &place, expected, "no such file");
}

#[test]
fn an_install_field_differs() {
    let mut pair = Pair::good();
    in_both(&mut pair, BACKEND, "^4.0.0", "^3.0.0");
    let expected = r#"dependencies of backend as in the repository: express "^4.0.0""#;
    let place = format!("{SKELETON} {BACKEND}");
    assert_error(&pair.only_error(), "BX020", &place, expected, r#"express "^3.0.0""#);
}

#[test]
fn a_dependency_the_archives_do_not_know() {
    let mut pair = Pair::good();
    in_both(&mut pair, "plugins/x/package.json", r#""knex": "^3.0.0""#, "");
    let expected = r#"dependencies of @internal/x as in the repository: knex "^3.0.0""#;
    assert_error(&pair.only_error(), "BX020", "skeleton.tar.gz plugins/x/package.json", expected, "no knex");
}

#[test]
fn a_bundled_package_that_keeps_its_dependencies() {
    let mut pair = Pair::good();
    in_both(&mut pair, "packages/app/package.json", r#""bundled": true"#, r#""dependencies": {"react": "^18.0.0"}"#);
    let expected = "dependencies of app as in the repository: no react";
    let place = "skeleton.tar.gz packages/app/package.json";
    assert_error(&pair.only_error(), "BX020", place, expected, r#"react "^18.0.0""#);
}

#[test]
fn another_version() {
    let mut pair = Pair::good();
    in_both(&mut pair, BACKEND, "0.0.0", "0.0.1");
    let error = pair.only_error();
    assert_eq!(error.expected, r#"version of backend as in the repository: "0.0.0""#);
    assert_eq!(error.found, r#""0.0.1""#);
}

#[test]
fn the_pair_is_of_two_builds() {
    let mut pair = Pair::good();
    Pair::text(&mut pair.skeleton, BACKEND, |text| text.replace("\"files\": [\"dist\"]", "\"files\": []"));
    let place = format!("{SKELETON} {BACKEND}");
    let expected = "the same bytes as in bundle.tar.gz";
    assert_error(&pair.only_error(), "BX021", &place, expected, "another manifest, as of another build");

    let mut pair = Pair::good();
    Pair::text(&mut pair.skeleton, BACKEND, |text| text + "\n");
    assert_error(&pair.only_error(), "BX021", &place, expected, "the same JSON written differently");
}

#[test]
fn only_the_skeleton_is_stale() {
    let mut pair = Pair::good();
    Pair::text(&mut pair.skeleton, BACKEND, |text| text.replace("^4.0.0", "^3.0.0"));
    let found = errors(&pair.verify());
    let found: Vec<_> = found.iter().map(|error| (error.code, error.place.as_str())).collect();
    let place = "skeleton.tar.gz packages/backend/package.json";
    assert_eq!(found, [("BX020", place), ("BX021", place)]);
}

#[test]
fn only_the_bundle_is_stale() {
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, BACKEND, |text| text.replace("^4.0.0", "^3.0.0"));
    let found = errors(&pair.verify());
    let found: Vec<_> = found.iter().map(|error| (error.code, error.place.as_str())).collect();
    let (bundle, skeleton) =
        ("bundle.tar.gz packages/backend/package.json", "skeleton.tar.gz packages/backend/package.json");
    assert_eq!(found, [("BX020", bundle), ("BX021", skeleton)]);
}
