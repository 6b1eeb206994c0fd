//! Bundles that were built from other sources than the repository has.

use artifacts::{BUNDLE, Verification};
use serde_json::{Value, json};

use crate::pair::{Item, Pair, assert_error, only_error, verify_in};
use crate::repo::{self, SOURCES};

const BACKEND: &str = "packages/backend/dist/index.cjs.js.map";
const PLUGIN: &str = "plugins/x/dist/index.cjs.js.map";
const APP: &str = "packages/app/dist/static/main.1a2b.js.map";

/// A map as the Backstage CLI writes it.
fn map(sources: &[(&str, Option<&str>)]) -> Vec<u8> {
    let (names, texts): (Vec<&str>, Vec<Option<&str>>) = sources.iter().copied().unzip();
    let map: Value = json!({
        "version": 3, "file": "x.js", "sources": names, "sourcesContent": texts, "names": [], "mappings": ";",
    });
    map.to_string().into_bytes()
}

fn with(maps: &[(&str, Vec<u8>)]) -> Pair {
    let mut pair = Pair::good();
    pair.bundle.extend(maps.iter().map(|(path, data)| Item::file(path, data.clone())));
    pair
}

/// Maps are a finding of their own; here nothing else is.
fn assert_silent(verification: &Verification) {
    let codes: Vec<_> = verification.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["BX038"], "{:#?}", verification.findings);
}

fn text(path: &str) -> &'static str {
    SOURCES.iter().find(|(name, _)| *name == path).unwrap().1
}

#[test]
fn another_text_of_a_source() {
    let pair = with(&[(BACKEND, map(&[("../src/index.ts", Some("backend.stop();\n"))]))]);
    let found = format!("another packages/backend/src/index.ts (in {BACKEND})");
    let expected = "backend built from the sources in the repository";
    let place = format!("{BUNDLE} packages/backend/dist");
    assert_error(&pair.only_error(), "BX044", &place, expected, &found);
    let codes: Vec<_> = pair.verify().findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["BX044", "BX038"]);
}

#[test]
fn sources_that_are_gone_and_how_many() {
    let second = "plugins/x/dist/other.cjs.js.map";
    let pair = with(&[
        (PLUGIN, map(&[("../src/zz.ts", Some("")), ("../src/plugin.ts", Some("older"))])),
        (second, map(&[("../src/gone.ts", Some("x")), ("../src/plugin.ts", Some("older"))])),
    ]);
    let found = format!(
        "plugins/x/src/gone.ts, which the repository does not have (in {second}) and 2 more sources that differ"
    );
    let expected = "@internal/x built from the sources in the repository";
    assert_error(&pair.only_error(), "BX044", &format!("{BUNDLE} plugins/x/dist"), expected, &found);
}

#[test]
fn an_app_with_an_older_plugin() {
    let pair = with(&[(
        APP,
        map(&[
            ("webpack://app/../../node_modules/react/index.js", Some("react")),
            ("webpack://app/./src/App.tsx", Some(text("packages/app/src/App.tsx"))),
            ("webpack://app/../../plugins/x/src/plugin.ts", Some("const plugin = 0;\n")),
        ]),
    )]);
    let found = format!("another plugins/x/src/plugin.ts (in {APP})");
    let expected = "app built from the sources in the repository";
    assert_error(&pair.only_error(), "BX044", &format!("{BUNDLE} packages/app/dist"), expected, &found);
}

#[test]
fn the_same_sources_with_other_line_ends_are_fine() {
    let index = text("plugins/x/src/index.ts").replace("\r\n", "\n");
    let plugin = text("plugins/x/src/plugin.ts").replace('\n', "\r\n");
    let pair = with(&[(PLUGIN, map(&[("../src/index.ts", Some(&index)), ("../src/plugin.ts", Some(&plugin))]))]);
    assert_silent(&pair.verify());
}

#[test]
fn what_no_clone_has_is_fine() {
    let names = [
        "../src/generated/client.ts",
        "../dist/made.js",
        "../node_modules/y/index.ts",
        "../../../../../../etc/passwd.js",
        "/etc/passwd.js",
        "file:///etc/passwd.js",
        "\0virtual.js",
        "webpack://@internal/x/webpack/runtime/x.js",
        "../src/logo.svg",
        "../src/index.ts/../plugin.ts?x",
        "",
    ];
    let sources: Vec<_> = names.iter().map(|name| (*name, Some("other"))).collect();
    assert_silent(&with(&[(PLUGIN, map(&sources))]).verify());
    assert_silent(&with(&[(PLUGIN, map(&[("../src/index.ts", None), ("../src/gone.ts", None)]))]).verify());
    let elsewhere = [(&*PLUGIN.replace("/dist/", "/lib/"), map(&[("../src/index.ts", Some("x"))]))];
    assert_silent(&with(&elsewhere).verify());
}

#[test]
fn a_package_with_a_build_of_its_own_is_left_alone() {
    let edits = [(r#""version": "0.1.0""#, r#""version": "0.1.0", "scripts": {"build": "make"}"#)];
    let repo = repo::changed(&edits);
    let mut pair = Pair::changed(&edits);
    pair.bundle.push(Item::file(PLUGIN, map(&[("../src/plugin.ts", Some("made"))])));
    pair.bundle.push(Item::file(BACKEND, map(&[("../../../plugins/x/src/made.ts", Some("made"))])));
    assert_silent(&verify_in(&pair, &repo));
    pair.bundle.push(Item::file(APP, map(&[("webpack://app/./src/App.tsx", Some("made"))])));
    assert_eq!(only_error(&verify_in(&pair, &repo)).code, "BX044");
}

#[test]
fn maps_made_to_hurt() {
    let deep = format!(r#"{{"x":{}"#, "[".repeat(1 << 20));
    let many = map(&vec![("../src/gone.ts", Some("x")); 100_000]);
    for data in [deep.into_bytes(), b"\xff{".to_vec()] {
        assert_silent(&with(&[(PLUGIN, data)]).verify());
    }
    let large = [map(&[("../src/index.ts", Some("x"))]), vec![b' '; 9 << 20]].concat();
    let verification = with(&[(PLUGIN, large)]).verify();
    let found: Vec<_> =
        verification.findings.iter().map(|finding| (finding.code, finding.found.as_str())).skip(1).collect();
    assert_eq!(found, [("BX045", "this file not compared, for its size")]);
    let error = with(&[(PLUGIN, many)]).only_error();
    assert!(error.found.ends_with("(in plugins/x/dist/index.cjs.js.map)"), "one source is said once: {error:?}");
    let names: Vec<String> = (0..20_000).map(|number| format!("../src/{number}\u{1b}.ts")).collect();
    let sources: Vec<_> = names.iter().map(|name| (name.as_str(), Some("x"))).collect();
    let error = with(&[(PLUGIN, map(&sources))]).only_error();
    assert!(error.found.starts_with("plugins/x/src/0\\u{1b}.ts, which"), "{error:?}");
    assert!(error.found.ends_with(" and 9999 more sources that differ"), "{error:?}");
}
