//! Annotations of GitHub Actions (workflow commands), groups of its log, and what a step hands on.

mod files;
mod groups;

use diagnostics::{Finding, Severity};

use crate::invoked_as;
use crate::source_location::Place;

pub(crate) use files::{outputs, summary};
pub(crate) use groups::Groups;

/// The annotation of a finding.
pub(crate) fn annotation(finding: &Finding, place: Option<&Place>) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let entry = finding.entry.as_ref().map(|entry| format!("{entry}: ")).unwrap_or_default();
    let Finding { subject, found, expected, why, .. } = finding;
    let next = invoked_as::in_text(&finding.next);
    let place = place.map(|place| format!("file={},line={},", property(&place.file), place.line)).unwrap_or_default();
    format!(
        "::{level} {place}title={}::{}",
        property(finding.code),
        data(&format!("{subject}: {entry}found {found}, expected {expected}\nwhy: {why}\nhint: {next}"))
    )
}

/// An annotation that belongs to no file.
pub(crate) fn general(level: &str, text: &str) -> String {
    format!("::{level} title=backstage-xtask::{}", data(text))
}

pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_finding_ends_its_command() {
        let finding = Finding {
            code: "BX020",
            severity: Severity::Warning,
            subject: "bundle.tar.gz".to_owned(),
            entry: Some("a,b:c%\n".to_owned()),
            key: None,
            line: None,
            expected: "x\r::error::".to_owned(),
            found: "100%".to_owned(),
            why: "It breaks.",
            next: "fix it".to_owned(),
        };
        let place = Place { file: "p,q:r%\n".to_owned(), line: 7 };
        assert_eq!(
            annotation(&finding, Some(&place)),
            "::warning file=p%2Cq%3Ar%25%0A,line=7,title=BX020::bundle.tar.gz: a,b:c%25%0A: found 100%25, \
             expected x%0D::error::%0Awhy: It breaks.%0Ahint: fix it"
        );
        assert!(annotation(&finding, None).starts_with("::warning title=BX020::bundle"));
        assert_eq!(general("error", "a\nb"), "::error title=backstage-xtask::a%0Ab");
    }
}
