//! Findings that were accepted.

use diagnostics::Baseline;

use crate::pair::{Item, Pair, verify_against};

fn without_lockfile() -> Pair {
    let mut pair = Pair::good();
    pair.bundle.retain(|item| item.path != "yarn.lock");
    pair
}

#[test]
fn what_is_accepted_does_not_count_and_the_rest_does() {
    let baseline = without_lockfile().verify().baseline;
    let json =
        "[\n  {\n    \"code\": \"BX022\",\n    \"subject\": \"bundle.tar.gz\",\n    \"entry\": \"yarn.lock\"\n  }\n]\n";
    assert_eq!(baseline.to_json(), json);
    assert_eq!(Baseline::parse(json), Ok(baseline.clone()));

    let verification = verify_against(&without_lockfile(), &baseline);
    assert_eq!(verification.findings, []);
    assert_eq!(verification.accepted.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["BX022"]);
    assert!(verification.is_sound());

    let mut pair = without_lockfile();
    pair.bundle.retain(|item| item.path != "packages/backend/dist/index.cjs.js");
    let verification = verify_against(&pair, &baseline);
    assert_eq!(verification.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["BX024"]);
    assert!(!verification.is_sound());
}

#[test]
fn what_no_longer_occurs_is_a_note() {
    let baseline = without_lockfile().verify().baseline;
    let verification = verify_against(&Pair::good(), &baseline);
    let [finding] = &verification.findings[..] else { panic!("{verification:?}") };
    let place = (finding.code, finding.subject.as_str(), finding.entry.as_deref());
    assert_eq!(place, ("BX027", "bundle.tar.gz", Some("yarn.lock")));
    assert_eq!(finding.expected, "a finding BX022 there, as the baseline says");
    assert_eq!(finding.found, "none");
    assert!(verification.is_sound());
    assert!(!verification.baseline.to_json().contains("BX027"), "a note about the baseline is not accepted by it");
}

#[test]
fn a_new_finding_does_not_hide_behind_many_accepted_ones() {
    let with = |count: usize| {
        let mut pair = Pair::good();
        pair.bundle.extend((0..count).map(|number| Item::file(&format!("/{number}"), "")));
        pair
    };
    let baseline = with(100).verify().baseline;
    assert_eq!(baseline.len(), 100);
    assert!(verify_against(&with(100), &baseline).is_sound());
    let verification = verify_against(&with(101), &baseline);
    assert_eq!(
        verification.findings.iter().map(|finding| finding.entry.as_deref()).collect::<Vec<_>>(),
        [Some("/100")]
    );
}

#[test]
fn something_else_than_a_baseline() {
    for text in ["", "{}", "[1]", r#"[{"code": "BX001"}]"#, r#"[{"code": "BX001", "subject": "x", "more": 1}]"#] {
        assert!(Baseline::parse(text).is_err(), "{text}");
    }
    assert_eq!(Baseline::parse("[]"), Ok(Baseline::default()));
}
