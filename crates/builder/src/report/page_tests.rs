//! What the page shows of values that want to be more than text, and of builds that ended early.

use std::collections::BTreeMap;

use image::{Digest, LayerContents, OwnerKind, Share};

use super::facts::{EngineName, Facts};
use super::found::Found;
use super::page::{BuildResult, render, verdict};
use super::record::Record;
use super::timeline::{Bar, StepOutcome};

const HOSTILE: &str = "\"><script>alert('1')</script>&amp;";

/// Facts that say something hostile wherever they can.
fn hostile() -> Facts {
    let text = || HOSTILE.to_owned();
    let share = |kind| Share { kind, name: text(), count: image::prune::Count { bytes: 9, files: 1 } };
    let shares = [share(OwnerKind::Npm), share(OwnerKind::Workspace)];
    let layer = |seed: &str| {
        let shares = shares.iter().cloned().chain([Share { name: seed.to_owned(), ..shares[0].clone() }]).collect();
        LayerContents { diff_id: Digest::of(seed.as_bytes()), stored_bytes: 1, shares }
    };
    let finding = |accepted| Found {
        severity: "error".to_owned(),
        code: "BX001".to_owned(),
        place: text(),
        found: text(),
        expected: text(),
        why: text(),
        next: text(),
        accepted,
    };
    Facts {
        engine: Some(EngineName::Embedded),
        steps: vec![(text(), text())],
        needs: BTreeMap::from([(text(), vec![])]),
        folder: "/app".to_owned(),
        why: BTreeMap::from([(text(), vec![text()])]),
        findings: Some(vec![finding(false), finding(true)]),
        contents: vec![layer("one")],
        previous: Some(Record {
            reference: text(),
            layers: vec!["x".to_owned()],
            contents: vec![layer("two")],
            ..Record::new()
        }),
        ..Facts::default()
    }
}

#[test]
fn nothing_that_is_shown_is_obeyed() {
    let bar = Bar { step: HOSTILE.to_owned(), outcome: StepOutcome::Failed, start: 0.0, end: 1.0, seconds: 1.0 };
    let page = render(&hostile(), &[bar], HOSTILE, 1.0, &BuildResult::Failed(HOSTILE.to_owned())).unwrap();
    assert!(!page.contains("<script") && !page.contains("alert('"), "{page}");
    // Title, heading, error, step and its reason, layer, its parts on the map and in the table, changes, the
    // build before, and what findings say.
    assert!(page.matches("&lt;script&gt;").count() >= 20, "{}", page.matches("&lt;script&gt;").count());
    assert!(page.contains("&amp;amp;"), "{page}");
}

#[test]
fn a_build_that_ended_at_once_says_what_is_not_known() {
    let page = render(&Facts::default(), &[], "a:1", 0.2, &BuildResult::Failed("no engine".to_owned())).unwrap();
    let expected = [
        "<pre>no engine</pre>",
        "The build ended before any step was planned.",
        "The build ended before there was an image.",
        "The build ended before anything was verified.",
        "until it failed",
    ];
    for expected in expected {
        assert!(page.contains(expected), "{expected} in {page}");
    }
}

#[test]
fn the_gravest_findings_are_named_first() {
    let of = |list: &[(&str, bool)]| {
        let found = |(severity, accepted): &(&str, bool)| Found {
            severity: (*severity).to_owned(),
            code: String::new(),
            place: String::new(),
            found: String::new(),
            expected: String::new(),
            why: String::new(),
            next: String::new(),
            accepted: *accepted,
        };
        verdict(&list.iter().map(found).collect::<Vec<_>>())
    };
    assert_eq!(of(&[]), ("", "none".to_owned(), String::new()));
    assert_eq!(of(&[("error", true)]), ("", "none".to_owned(), "1 accepted".to_owned()));
    let many = [("note", false), ("warning", false), ("warning", false), ("error", true)];
    assert_eq!(of(&many), ("warning", "2 warnings".to_owned(), "1 note, 1 accepted".to_owned()));
}
