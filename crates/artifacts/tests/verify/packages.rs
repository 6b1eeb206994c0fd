//! Packages that would fail at their first import.

use artifacts::BUNDLE;

use crate::pair::{Item, Pair, assert_error, errors, only_error, verify_in};
use crate::repo;

const PLUGIN: &str = "plugins/x/package.json";

fn with_fields(fields: &str) -> Pair {
    let mut pair = Pair::good();
    for items in [&mut pair.skeleton, &mut pair.bundle] {
        Pair::text(items, PLUGIN, |text| text.replacen("\"version\"", &format!("{fields},\n  \"version\""), 1));
    }
    pair
}

#[test]
fn a_plugin_packed_without_being_built() {
    let target = "plugins/x/dist/index.cjs.js";
    let mut pair = Pair::good();
    pair.bundle.retain(|item| item.path != target);
    let expected = format!("{target}, the \"main\" of @internal/x");
    assert_error(&pair.only_error(), "BX031", &format!("{BUNDLE} {target}"), &expected, "no such file");
}

#[test]
fn each_missing_target_once() {
    let pair = with_fields(
        r#""module": "dist/index.esm.js", "exports": {".": {"import": "./dist/index.esm.js", "types": "./no.d.ts"}, "./alpha": "./dist/alpha.js", "./f/*": "./dist/f/*.js"}"#,
    );
    let found: Vec<_> = errors(&pair.verify()).into_iter().map(|error| (error.code, error.expected)).collect();
    let expected = [
        "plugins/x/dist/alpha.js, the \"exports\" of @internal/x",
        "plugins/x/dist/f/*.js, the \"exports\" of @internal/x",
        "plugins/x/dist/index.esm.js, the \"module\" of @internal/x",
    ];
    assert_eq!(found, expected.map(|expected| ("BX031", expected.to_owned())));
}

#[test]
fn targets_that_are_there_are_fine() {
    let mut pair = with_fields(
        r#""exports": {".": "./dist/index.cjs.js", "./f/*": "./dist/f/*.js", "./x": null, "./package.json": "./package.json"}"#,
    );
    pair.bundle.push(Item::file("plugins/x/dist/f/one.js", ""));
    assert_eq!(pair.verify().findings, []);
}

#[test]
fn a_local_dependency_that_does_not_come_along() {
    let edits = [
        (r#""knex": "^3.0.0""#, r#""knex": "^3.0.0", "tools": "portal:../../tools""#),
        ("    knex: \"npm:^3.0.0\"\n", "    knex: \"npm:^3.0.0\"\n    tools: \"portal:../../tools\"\n"),
    ];
    let repo = repo::changed(&edits);
    let mut pair = Pair::changed(&edits);
    let expected = "tools in the bundle, which @internal/x needs as portal:../../tools";
    let place = format!("{BUNDLE} {PLUGIN}");
    assert_error(&only_error(&verify_in(&pair, &repo)), "BX032", &place, expected, "nothing there");

    pair.bundle.push(Item::file("tools/package.json", "{}"));
    assert_eq!(verify_in(&pair, &repo).findings, []);
}
