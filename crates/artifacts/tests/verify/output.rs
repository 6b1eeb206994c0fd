//! Bundles that do not carry what the repository has or what the build should have made.

use artifacts::BUNDLE;

use crate::pair::{Item, Pair, assert_error, sha256};
use crate::repo;

fn without(start: &str) -> Pair {
    let mut pair = Pair::good();
    pair.bundle.retain(|item| !item.path.starts_with(start));
    pair
}

#[test]
fn another_lockfile() {
    let expected = format!("the repository's yarn.lock, SHA-256 {}", sha256(repo::LOCKFILE.as_bytes()));
    let place = format!("{BUNDLE} yarn.lock");
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, "yarn.lock", |_| "other".to_owned());
    let found = format!("one with the SHA-256 {}", sha256(b"other"));
    assert_error(&pair.only_error(), "BX022", &place, &expected, &found);
    assert_error(&without("yarn.lock").only_error(), "BX022", &place, &expected, "no such file");
}

#[test]
fn another_root_manifest() {
    let (expected, place) = ("the repository's root package.json", format!("{BUNDLE} package.json"));
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, "package.json", |text| text.replace("1.0.0", "2.0.0").replace("true", "false"));
    assert_error(&pair.only_error(), "BX023", &place, expected, "one that differs in private, version");
    assert_error(&without("package.json").only_error(), "BX023", &place, expected, "no such file");
}

#[test]
fn a_root_manifest_written_differently_is_fine() {
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, "package.json", |text| text.replace('\n', ""));
    assert_eq!(pair.verify().findings, []);
}

#[test]
fn a_backend_packed_without_being_built() {
    let target = "packages/backend/dist/index.cjs.js";
    let expected = format!("{target}, the \"main\" of backend");
    assert_error(&without(target).only_error(), "BX024", &format!("{BUNDLE} {target}"), &expected, "no such file");
}

#[test]
fn a_main_that_node_completes_is_fine() {
    for main in ["./dist/index.cjs", "dist", "./dist/../dist/"] {
        let mut pair = Pair::good();
        pair.bundle.push(Item::file("packages/backend/dist/index.js", ""));
        for items in [&mut pair.skeleton, &mut pair.bundle] {
            Pair::text(items, "packages/backend/package.json", |text| text.replace("./dist/index.cjs.js", main));
        }
        assert_eq!(pair.verify().findings, [], "{main}");
    }
}

#[test]
fn an_app_that_was_not_built() {
    let (page, scripts) = ("packages/app/dist/index.html", "packages/app/dist/static");
    let expected = format!("the built app app: {page} and files under {scripts}");
    let cases = [
        ("packages/app/dist", page, format!("neither {page} nor a file under {scripts}")),
        (page, page, format!("no {page}")),
        (scripts, scripts, format!("no file under {scripts}")),
    ];
    for (removed, entry, found) in cases {
        assert_error(&without(removed).only_error(), "BX025", &format!("{BUNDLE} {entry}"), &expected, &found);
    }
}
