//! `build-image --report`: pages of real builds, as a browser shows them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

mod common;
mod harness;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::npm::{Package, fetch};
use common::tests_folder;
use harness::{Bench, Built, Restore, canaries, embedded, run};
use serde_json::Value;

/// It looks for what keeps people out: WCAG 2.2 and its authors' own rules.
const AXE: Package = (
    "axe-core",
    "4.10.3",
    "sha512-Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg==",
);
const SOURCE: &str = "packages/backend/src/index.ts";
/// A file's name that wants to be more than that.
const HOSTILE: &str = "packages/backend/src/<img src=x onerror=alert(1)>&\"'.txt";
/// Pixels below which text is hard to read.
const SMALLEST_TEXT: f64 = 13.0;

/// The one without a window, which CI installs, or the whole one.
fn browser() -> &'static str {
    ["chromium-headless-shell", "chromium"].into_iter().find(|program| which::which(program).is_ok()).unwrap()
}

/// The demo, and where its pages go.
struct Pages {
    bench: Bench,
    folder: tempfile::TempDir,
}

impl Pages {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A build that writes the page `name`.
    fn build(&self, name: &str) -> Built {
        let file = self.file(name);
        let built = self.bench.embedded(&["--report", file.to_str().unwrap()]);
        assert_eq!(built.message("report")["file"], file.to_str().unwrap());
        built
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    /// What a browser makes of pages.
    fn browse(&self, names: &[&str]) -> Vec<Value> {
        let mut node = Command::new("node");
        node.arg(tests_folder().join("support/browse.js")).arg(browser()).arg(fetch(AXE).join("axe.min.js"));
        node.arg(self.folder.path()).args(names.iter().map(|name| self.file(name)));
        serde_json::from_str(&run(&mut node)).unwrap()
    }
}

#[test]
fn good_and_failed_builds_are_pages_for_everybody() {
    let pages = Pages { bench: embedded::demo(), folder: tempfile::tempdir().unwrap() };
    let bench = &pages.bench;
    let first = pages.build("first.html").expect_success();
    assert_eq!(first.message("finished")["report"], pages.file("first.html").to_str().unwrap());
    damaged_records_are_ignored_with_a_word(&pages);

    let _source = Restore::of(bench, SOURCE);
    bench.append(SOURCE, "console.log('edited');");
    std::fs::write(bench.repo.join(HOSTILE), "").unwrap();
    let edited = pages.build("edited.html");
    bench.append(SOURCE, "const wrong: number = 'text';");
    let failed = pages.build("failed.html");
    std::fs::remove_file(bench.repo.join(HOSTILE)).unwrap();
    assert_eq!(edited.expect_success().ran(), ["assemble", "build-backend", "typecheck"]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);

    let seen = pages.browse(&["edited.html", "failed.html"]);
    assert_eq!(seen.len(), 8, "two widths, light and dark");
    seen.iter().for_each(anybody_can_read);
    let text = |name: &str| {
        let of = |view: &&Value| Path::new(view["page"].as_str().unwrap()).ends_with(name);
        seen.iter().find(of).unwrap()["text"].as_str().unwrap().to_owned()
    };
    let edited = text("edited.html");
    for expected in [
        "Built",
        "on the critical path",
        "changed: packages/backend/src/index.ts",
        "4. ",
        "new",
        HOSTILE,
        "Nothing was found",
    ] {
        assert!(edited.contains(expected), "{expected} in {edited}");
    }
    assert!(!pages.text("edited.html").contains("<img"));
    for name in ["first.html", "edited.html", "failed.html"] {
        assert_eq!(canaries::found_in(pages.text(name).as_bytes()), Vec::<&str>::new(), "{name}");
    }
    let failed = text("failed.html");
    for expected in ["Failed", "error TS2322", "the step typecheck failed", "the earlier image stays as it was"] {
        assert!(failed.contains(expected), "{expected} in {failed}");
    }
}

/// What is asserted of every view of every page.
fn anybody_can_read(view: &Value) {
    let where_ = format!("{} at {} pixels, {}", view["page"], view["width"], view["scheme"]);
    let list = |key: &str| view[key].as_array().unwrap().clone();
    assert_eq!(list("complaints"), Vec::<Value>::new(), "{where_}");
    assert_eq!(list("violations"), Vec::<Value>::new(), "{where_}");
    let requests = list("requests");
    assert!(requests.len() == 1 && requests[0].as_str().unwrap().starts_with("file:"), "{where_}: {requests:?}");
    assert_eq!(view["overflow"], 0, "{where_}: it scrolls sideways");
    assert!(view["smallest"].as_f64().unwrap() >= SMALLEST_TEXT, "{where_}: {}", view["smallest"]);
    let focus = list("focus");
    assert!(focus.iter().filter(|place| place["tag"] == "A").count() >= 3, "{where_}: {focus:?}");
    assert!(focus.iter().filter(|place| place["tag"] == "SUMMARY").count() >= 4, "{where_}: {focus:?}");
    assert!(focus.iter().all(|place| place["visible"] == true), "{where_}: {focus:?}");
    assert!(view["parts"].as_u64().unwrap() > 20 && view["labels"].as_u64().unwrap() >= 3, "{where_}");
    assert!(std::fs::metadata(view["screenshot"].as_str().unwrap()).unwrap().len() > 10_000, "{where_}");
}

/// Nothing is to do in these builds.
fn damaged_records_are_ignored_with_a_word(pages: &Pages) {
    let record = pages.bench.own_state().join("previous-build-embedded.json");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, &text[..text.len() / 2]).unwrap();
    let built = pages.build("damaged.html").expect_success();
    let warning = built.message("warning")["message"].as_str().unwrap().to_owned();
    assert!(warning.contains("previous-build-embedded.json cannot be read"), "{warning}");
    assert!(pages.text("damaged.html").contains("No earlier build is known."));
    pages.build("again.html").expect_success();
    assert!(pages.text("again.html").contains("Every part has the size and the version it had."));
    // Where nobody can write the image is there all the same, and the reason is said.
    let refused = pages.bench.embedded(&["--report", "/proc/report.html"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("writing the report: writing /proc/report.html"), "{}", refused.stderr);
    let wrong = pages.bench.embedded(&["--report", "/nonexistent/report.html"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("--report /nonexistent/report.html: found no folder to write it to"));
}
