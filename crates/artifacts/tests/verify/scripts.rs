//! Scripts that die only in production.

use artifacts::BUNDLE;
use diagnostics::Severity;
use proptest::prelude::*;

use crate::pair::{Error, Item, Pair, assert_error, errors, only_error, only_finding, verify_in};
use crate::repo;

const MANIFEST: &str = "plugins/x/package.json";
const SCRIPT: &str = "plugins/x/dist/index.cjs.js";

/// The good pair with this code in the plugin, and more files.
fn with(code: &str, more: impl IntoIterator<Item = Item>) -> Pair {
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, SCRIPT, |_| code.to_owned());
    pair.bundle.extend(more);
    pair
}

fn only(code: &str) -> Error {
    only_finding(&with(code, []).verify(), Severity::Error)
}

/// Adds a field to the plugin's manifest, in both archives.
fn with_field(mut pair: Pair, field: &str) -> Pair {
    for items in [&mut pair.skeleton, &mut pair.bundle] {
        Pair::text(items, MANIFEST, |text| text.replacen("\"version\"", &format!("{field}, \"version\""), 1));
    }
    pair
}

#[test]
fn a_module_that_nothing_declares() {
    let place = format!("{BUNDLE} {SCRIPT}");
    let found = "it in none of its dependency maps";
    for code in [
        "var fp = require('lodash/fp');",
        "import fp from 'lodash/fp';",
        "import 'lodash/fp';",
        "export * from \"lodash/fp\";",
        "f(() => import('lodash/fp'));",
        "const path = require.resolve('lodash/fp');",
        "const a = module.require(\"lodash/fp\"), b = require('knex');",
    ] {
        let expected = "lodash in the dependencies of @internal/x, whose code imports lodash/fp";
        assert_error(&only(code), "BX040", &place, expected, found);
    }
}

#[test]
fn each_package_once_with_its_first_script_and_sorted() {
    let code = "require('./b'); require('zod'); require('@scope/a/x'); require('zod/v4')";
    let pair = with(code, [Item::file("plugins/x/dist/b.js", "require('zod'); require('express'); require('./b')")]);
    let found: Vec<_> =
        errors(&pair.verify()).into_iter().map(|error| (error.code, error.place, error.expected)).collect();
    let expected = [("b.js", "@scope/a", "index.cjs.js"), ("b.js", "express", "b.js"), ("b.js", "zod", "b.js")];
    let expected = expected.map(|(_, name, script)| {
        let module = if name == "@scope/a" { "@scope/a/x" } else { name };
        let expected = format!("{name} in the dependencies of @internal/x, whose code imports {module}");
        ("BX040", format!("{BUNDLE} plugins/x/dist/{script}"), expected)
    });
    assert_eq!(found, expected);
}

#[test]
fn a_module_that_is_declared_for_development() {
    let edits = [
        ("\"dependencies\": {\"knex\"", "\"devDependencies\": {\"jest\": \"^29.0.0\"}, \"dependencies\": {\"knex\""),
        ("    knex: \"npm:^3.0.0\"\n", "    jest: \"npm:^29.0.0\"\n    knex: \"npm:^3.0.0\"\n"),
    ];
    let mut pair = Pair::changed(&edits);
    Pair::text(&mut pair.bundle, SCRIPT, |_| "require('jest')".to_owned());
    let verification = verify_in(&pair, &repo::changed(&edits));
    let expected = "jest in the dependencies of @internal/x, whose code imports jest";
    let place = format!("{BUNDLE} {SCRIPT}");
    assert_error(&only_error(&verification), "BX041", &place, expected, "it only in devDependencies");
    assert_eq!(verification.findings[0].key.as_deref(), Some("jest"));
}

#[test]
fn scripts_that_are_no_javascript() {
    let expected = "JavaScript that Node can read, in @internal/x";
    for (code, found) in [
        ("<!doctype html>\n<p>", "line 1, column 1: `<` where a value must be"),
        ("a();\n<<<<<<< HEAD\nb();\n=======", "line 2, column 1: `<<<<<<<`, which is no operator"),
        ("a()\n\nb = 1; ======= c", "line 3, column 8: `=======`, which is no operator"),
        ("function f() {", "line 1, column 14: a bracket that no `}` closes"),
        ("f(`a${b`", "a template that does not end"),
        ("f(`a${b)`", "line 1, column 8: `)` where `}` must be"),
        ("f(a, [1)", "line 1, column 8: `)` where `]` must be"),
        ("f())", "line 1, column 4: a `)` that closes no bracket"),
        ("f(a = )", "line 1, column 7: `)` where a value must be"),
        ("f(a, = 1)", "line 1, column 6: `=` where a value must be"),
        ("const a =", "line 1, column 9: the end of the script after `=`"),
        ("a = 'é'; b.", "line 1, column 11: the end of the script after `.`"),
        ("PK\u{3}\u{4}", "line 1, column 3: the character U+0003 outside of a string"),
        ("a\u{fffd}b", "line 1, column 2: the character U+FFFD outside of a string"),
        ("f('a", "a string that does not end"),
        ("f(`a${b}", "a template that does not end"),
        ("f(/* a", "a comment that does not end"),
        ("f(/a", "a regular expression that does not end"),
    ] {
        let error = only(code);
        assert_eq!((error.code, error.place), ("BX042", format!("{BUNDLE} {SCRIPT}")));
        assert_eq!(error.expected, expected);
        assert_eq!(error.found, found, "{code}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    let mut pair = Pair::good();
    pair.bundle.retain(|item| item.path != SCRIPT);
    pair.bundle.push(Item::file(SCRIPT, *b"\x7fELF\xff"));
    assert_eq!(pair.only_error().found, "line 1, column 1: the character U+007F outside of a string");
}

#[test]
fn the_backend_itself() {
    let mut pair = Pair::good();
    let path = "packages/backend/dist/index.cjs.js";
    Pair::text(&mut pair.bundle, path, |_| "start(".to_owned());
    let error = pair.only_error();
    assert_eq!((error.code, error.place), ("BX042", format!("{BUNDLE} {path}")));
}

#[test]
fn files_that_were_not_packed() {
    let place = |path: &str| format!("{BUNDLE} {path}");
    let path = "plugins/x/dist/y.cjs.js";
    let expected = format!("{path}, which {SCRIPT} of @internal/x imports as ./y.cjs.js");
    assert_error(&only("require('./y.cjs.js')"), "BX043", &place(path), &expected, "no such file");

    let path = "plugins/x/migrations";
    let expected = format!("{path}, which {SCRIPT} of @internal/x finds by resolvePackagePath");
    for code in [
        "api.resolvePackagePath(\"@internal/x\", \"migrations\")",
        "resolvePackagePath('@internal/x', 'migrations', name)",
        "(0, a.resolvePackagePath)('@internal/y', 'x'); resolvePackagePath('@internal/x', './assets/../migrations',);",
    ] {
        assert_error(&only(code), "BX043", &place(path), &expected, "no such file");
    }

    let path = "plugins/x/config.d.ts";
    let error = with_field(Pair::good(), "\"configSchema\": \"config.d.ts\"").only_error();
    assert_error(
        &error,
        "BX043",
        &place(path),
        &format!("{path}, the \"configSchema\" of @internal/x"),
        "no such file",
    );
}

#[test]
fn the_next_step_names_the_field() {
    let verification = with("resolvePackagePath('@internal/x', 'migrations')", []).verify();
    let next = &verification.findings[0].next;
    assert!(next.starts_with("add \"migrations\" to \"files\" of plugins/x/package.json"), "{next}");
    let verification = with("require('@internal/unused')", []).verify();
    let next = &verification.findings[0].next;
    assert!(next.starts_with("run `yarn workspace @internal/x add @internal/unused@workspace:^`"), "{next}");
}

#[test]
fn what_is_no_defect() {
    for code in [
        "require('knex'); require('knex/lib/x.js'); import('knex')",
        "require('@internal/x'); require('@internal/x/alpha')",
        "require('fs'); require('fs/promises'); require('node:fs'); require('node:sqlite'); require('util/types')",
        "require('#internal'); import('data:text/javascript,1'); import('file:///x.mjs'); require('/x')",
        "let y; try { y = require('optional') } catch { y = f(() => { return 1 }) }",
        "try { f(function () { return import('optional') }) } catch (error) {} finally {}",
        "import('optional').catch(() => undefined)",
        "require(name); require('a' + name); require(`a/${name}`); import(name); require()",
        "a.require('lodash'); a.import('lodash'); a.resolve('lodash'); b?.require('lodash'); require.cache('lodash')",
        "// require('lodash')\n/* import 'lodash' */ f(\"require('lodash')\", `require('lodash')`, /require('lodash')/)",
        "f(`${g('a')}` + 'from', from, 'lodash'); Array.from('lodash'); const from = 'x'",
        "(function e(t,n,r){})({1:[function(require,module,exports){require('./lib');require('lodash')},{}]},{},[1])",
        "define(function (require, exports, module) { require('lodash') })",
        "function require(x) { return x } require('lodash')",
        "resolvePackagePath(name, 'none'); resolvePackagePath('express', 'none'); resolvePackagePath('app', 'none')",
        "resolvePackagePath('@internal/x', dir, 'none'); resolvePackagePath('@internal/x', 'a' + b); resolvePackagePath('@internal/x')",
        "resolvePackagePath('@internal/x', 'dist', 'index.cjs.js'); resolvePackagePath('@internal/x', 'dist')",
        "require('.'); require('./'); require('./index.cjs'); require('../package.json'); require('../dist')",
        "require('../node_modules/y/z.js'); import(`./${name}.js`)",
        "#!/usr/bin/env node\nreturn 1",
        "\u{feff}'use strict'; const a = b / c / d; if (a) /re'/.test(b); a = {} \n x++ \n y",
        "import x, { y as z } from 'knex'; export { x as default } from 'knex'; await f(import.meta.url)",
        "class A { #x = 1; static { this.#x } get [`a${1}`]() { return a?.b ?? c ** 2 } } for await (const a of b) ;",
        "\"\\u0069mport\"; require('\\x61')",
        "a /= 2; a ??= b; a &&= c; a ||= d >>> 1; a >>>= 2; a **= ~-b; a = b ? .5 : c?.5:d; a = b--> c",
        "for (;;) {} while (a) ; do b(); while (c)",
        "class A { in = 1; static default = 2; *a() {} async *[b]() {} 'c' = 3; static *d() { yield* e } }",
        "f(...a, (b) => ({}), `${`${c}`}\u{1}\n\u{fffd}${e}`, [, 1, ], {a, }); export * from 'knex'; import * as y from 'knex'",
    ] {
        assert_eq!(with(code, [Item::file("plugins/x/dist/index.js", "")]).verify().findings, [], "{code}");
    }
}

#[test]
fn peers_optional_dependencies_and_schemas_in_the_manifest_are_fine() {
    let edits =
        [("\"dependencies\": {\"knex\"", "\"peerDependencies\": {\"pg\": \"^8.0.0\"}, \"dependencies\": {\"knex\"")];
    let mut pair = with_field(Pair::changed(&edits), "\"configSchema\": {\"type\": \"object\"}");
    Pair::text(&mut pair.bundle, SCRIPT, |_| "require('pg')".to_owned());
    assert_eq!(verify_in(&pair, &repo::changed(&edits)).findings, []);
}

#[test]
fn scripts_that_no_entry_point_reaches_are_left_alone() {
    let code = "import React from 'react'; import './none'; const = ;";
    let paths = ["plugins/x/templates/a.js", "plugins/x/dist/template.mjs", "packages/app/dist/static/other.js"];
    assert_eq!(with("run()", paths.map(|path| Item::file(path, code))).verify().findings, []);
}

#[test]
fn scripts_of_patterns_and_of_other_kinds_are_reached() {
    let exports = r#""exports": {".": "./dist/index.cjs.js", "./f/*": "./dist/f/*.mjs", "./p": "./dist/p.cjs"}"#;
    let files = [("f/one.mjs", "import 'a'"), ("p.cjs", "require('./q')"), ("q.js", "require('b')")];
    let files = files.map(|(path, code)| Item::file(&format!("plugins/x/dist/{path}"), code));
    let found = errors(&with_field(with("run()", files), exports).verify());
    let places: Vec<_> = found.iter().map(|error| error.place.rsplit('/').next().unwrap_or_default()).collect();
    assert_eq!(places, ["one.mjs", "q.js"]);
}

#[test]
fn scripts_too_large_to_be_read_are_said() {
    let place = format!("{BUNDLE} {SCRIPT}");
    let code = format!("require('lodash');{}= 1", " ".repeat(1 << 20));
    let found = only_finding(&with(&code, []).verify(), Severity::Note);
    let expected = "every script that Node runs read";
    assert_error(&found, "BX045", &place, expected, "this file not read, for its size");
}

#[test]
fn programs_of_a_package_are_reached() {
    for field in ["\"bin\": \"./dist/run.js\"", "\"bin\": {\"a\": \"dist/a.js\", \"run\": \"./dist/run\"}"] {
        let edits = [("\"dependencies\": {\"knex\"", &*format!("{field}, \"dependencies\": {{\"knex\""))];
        let mut pair = Pair::changed(&edits);
        pair.bundle.push(Item::file("plugins/x/dist/run.js", "#!/usr/bin/env node\nrequire('lodash')"));
        let error = only_error(&verify_in(&pair, &repo::changed(&edits)));
        assert_eq!((error.code, error.place), ("BX040", format!("{BUNDLE} plugins/x/dist/run.js")));
    }
}

#[test]
fn nesting_without_end() {
    for one in ["(", "[", "{", "a=>", "`${", "a?b:", "[a=", "({a:", "!", "x:", "(a=(", "async("] {
        let error = only(&one.repeat((1 << 20) / one.len()));
        assert_eq!(error.code, "BX042", "{one}: {}", error.found);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_script_makes_it_panic(code in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut pair = Pair::good();
        pair.bundle.retain(|item| item.path != SCRIPT);
        pair.bundle.push(Item::file(SCRIPT, code));
        pair.verify();
    }
    #[test]
    fn no_changed_script_makes_it_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(PIECES)), 1..6),
    ) {
        let mut code = CODE.to_owned();
        for (at, piece) in changes {
            let at = at.index(code.len());
            if code.is_char_boundary(at) {
                let length = code[at..].chars().next().map_or(0, char::len_utf8);
                code.replace_range(at..at + length, piece);
            }
        }
        with(&code, []).verify();
    }
}

const PIECES: &[&str] =
    &["", "(", ")", "{", "}", "`", "${", "/", "'", "\"", "\\", "\n", "é", "//", "/*", "=>", "\u{2028}"];

const CODE: &str = r#"#!/usr/bin/env node
'use strict';
var api = require("@backstage/backend-plugin-api"), a = b / c / d;
try { require('optional') } catch (error) { /re[/]x/g.test(`a${`b${c}`}é`) }
async function* f({ x = 1, ...y }, [z]) { for await (const a of b) if (a) yield a; else do { --x } while (x) }
exports.path = api.resolvePackagePath('@internal/x', 'migrations'); // end
"#;
