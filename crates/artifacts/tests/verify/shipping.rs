//! Bundles with something in them that must not ship.

use artifacts::BUNDLE;
use diagnostics::Severity;

use crate::pair::{Error, Item, Pair, assert_error, only_finding};

fn with(items: impl IntoIterator<Item = Item>, severity: Severity) -> Error {
    let mut pair = Pair::good();
    pair.bundle.extend(items);
    let verification = pair.verify();
    let found = only_finding(&verification, severity);
    let text = serde_json::to_string(&verification).unwrap();
    assert!(!text.contains("aB3dE6gH9"), "a value of a secret: {text}");
    found
}

fn secret(prefix: &str, length: usize) -> String {
    prefix.chars().chain("aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".chars().cycle().take(length)).collect()
}

#[test]
fn settings_of_one_machine() {
    for path in ["packages/backend/app-config.local.yaml", "plugins/x/.env", "plugins/x/.env.production"] {
        let found = with([Item::file(path, "x")], Severity::Error);
        let expected = "no *.local.yaml and no .env";
        assert_error(&found, "BX035", &format!("{BUNDLE} {path}"), expected, "settings of one machine");
    }
}

#[test]
fn dependencies_that_came_along() {
    let items = ["a/package.json", "a/node_modules/b/x.js"].map(|path| format!("plugins/x/node_modules/{path}"));
    let found = with(items.map(|path| Item::file(&path, "x")), Severity::Error);
    assert_error(&found, "BX036", &format!("{BUNDLE} plugins/x/node_modules"), "no node_modules", "2 entries");
}

#[test]
fn secrets_are_named_by_kind_only() {
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n", secret("", 64));
    let cases = [
        (key.clone(), "a private key in PEM form"),
        (format!("a=\"{}\"", secret("npm_", 36)), "a token of npm"),
        (format!("{key}{}", secret("ghp_", 36)), "a private key in PEM form, a token of GitHub"),
    ];
    for (text, kind) in cases {
        let found = with([Item::file("plugins/x/dist/\u{7}.js", text)], Severity::Error);
        let place = format!("{BUNDLE} plugins/x/dist/\\u{{7}}.js");
        assert_error(&found, "BX037", &place, "a file without secrets", kind);
    }
    let found = with([Item::file("plugins/x/.npmrc", "//r/:_authToken=aB3dE6gH9")], Severity::Error);
    let kind = "a literal credential for a registry";
    assert_error(&found, "BX037", &format!("{BUNDLE} plugins/x/.npmrc"), "a file without secrets", kind);
}

#[test]
fn a_secret_in_a_manifest_or_a_page() {
    for path in ["packages/app/dist/index.html", "packages/backend/package.json"] {
        let mut pair = Pair::good();
        for items in [&mut pair.skeleton, &mut pair.bundle] {
            if let Some(item) = items.iter_mut().find(|item| item.path == path) {
                let text = String::from_utf8(item.data.clone()).unwrap();
                let with = format!("\"description\": \"{}\", \"files\"", secret("npm_", 36));
                item.data = text.replace("<html>", &secret("<html> npm_", 36)).replace("\"files\"", &with).into();
            }
        }
        let error = pair.only_error();
        assert_eq!((error.code, error.place), ("BX037", format!("{BUNDLE} {path}")));
    }
}

#[test]
fn source_maps_are_not_searched() {
    let token = secret("npm_", 36);
    let found = with([Item::file("plugins/x/dist/x.js.map", token)], Severity::Warning);
    assert_eq!(found.code, "BX038");
}

#[test]
fn files_too_large_to_be_searched_are_said() {
    let large = format!("{}\n{}", secret("npm_", 36), " ".repeat(8 << 20));
    let path = "plugins/x/dist/large.bin";
    let found = with([Item::file(path, large.clone())], Severity::Note);
    let expected = "every file searched for secrets";
    let place = format!("{BUNDLE} {path}");
    assert_error(&found, "BX045", &place, expected, "this file not searched, for its size");

    let files = ["a", "b", "c"].map(|name| Item::file(&format!("plugins/x/dist/{name}.bin"), large.clone()));
    let found = with(files, Severity::Note).found;
    assert_eq!(found, "this file and 2 more not searched, for their size");
}

#[test]
fn source_maps_are_counted() {
    let names =
        ["packages/app/dist/static/main.js.map", "packages/app/dist/static/a.css.map", "plugins/x/dist/x.js.map"];
    let found = with(names.map(|name| Item::file(name, vec![b'x'; 500_000])), Severity::Warning);
    assert_eq!((found.code, found.place.as_str()), ("BX038", BUNDLE));
    assert_eq!(found.expected, "no source maps");
    let sizes = "3 of them, 1.5 MB of 1.5 MB unpacked, 2 where the backend serves them to everybody";
    assert_eq!(found.found, sizes);
}

#[test]
fn names_that_differ_by_case() {
    let found = with([Item::file("packages/App/dist/static/Main.js", "")], Severity::Warning);
    let expected = "paths that differ by more than case";
    assert_error(&found, "BX039", &format!("{BUNDLE} packages/App"), expected, "also packages/app");
}
