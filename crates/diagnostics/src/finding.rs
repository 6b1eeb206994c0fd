//! What a verifier has to say. Shared by every crate that verifies.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::text::printable;

/// Findings of one code about one subject that are listed before the rest is only counted.
const LISTED: usize = 20;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing fails.
    Note,
    /// Wasteful or risky, but it runs.
    Warning,
    /// Must not ship.
    Error,
}

impl Severity {
    /// Its name in words for people and machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A kind of finding, and what there is to know about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FindingKind {
    /// The code of its findings.
    pub code: &'static str,
    /// How much they weigh.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: &'static str,
    /// One page of documentation in Markdown, with the [`FindingKind::SECTIONS`].
    pub page: &'static str,
}

/// A [`FindingKind`] by its severity, code and title; its page is `codes/<code>.md` of the crate that names it.
#[macro_export]
macro_rules! finding_kind {
    ($severity:ident, $code:literal, $title:literal) => {
        $crate::FindingKind {
            code: $code,
            severity: $crate::Severity::$severity,
            title: $title,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/codes/", $code, ".md")),
        }
    };
}

/// Where a finding is.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The archive, image or file that it is about.
    pub subject: &'a str,
    /// The entry inside, when there is one.
    pub entry: Option<&'a str>,
    /// The key in the package's manifest, when there is one.
    pub key: Option<&'a str>,
    /// The line of the subject, from 1, when that is a file of the repository.
    pub line: Option<usize>,
}

impl<'a> At<'a> {
    /// A whole archive, image or file.
    pub fn subject(subject: &'a str) -> Self {
        Self { subject, entry: None, key: None, line: None }
    }

    /// An entry of it.
    pub fn entry(subject: &'a str, entry: &'a str) -> Self {
        Self { entry: Some(entry), ..Self::subject(subject) }
    }

    /// A line of it.
    pub fn line(subject: &'a str, line: usize) -> Self {
        Self { line: Some(line), ..Self::subject(subject) }
    }

    /// The same place, at a key of the package's manifest.
    #[must_use]
    pub fn key(self, key: &'a str) -> Self {
        Self { key: Some(key), ..self }
    }
}

/// The text of a finding.
#[derive(Debug, Clone, Copy)]
pub struct FindingText<'a> {
    /// What should be there.
    pub expected: &'a str,
    /// What is there.
    pub found: &'a str,
    /// The next command or edit.
    pub next: &'a str,
}

impl FindingKind {
    /// A finding of this kind: the one way to make one. All text is made printable here, whatever it came from.
    pub fn finding(&self, at: At<'_>, text: FindingText<'_>) -> Finding {
        Finding {
            code: self.code,
            severity: self.severity,
            subject: printable(at.subject),
            entry: at.entry.map(printable),
            key: at.key.map(printable),
            line: at.line,
            expected: printable(text.expected),
            found: printable(text.found),
            why: self.why(),
            next: printable(text.next),
        }
    }

    /// The headings of every page, in order.
    pub const SECTIONS: [&'static str; 4] = ["What is wrong", "Why it matters", "How it comes about", "How to fix it"];

    /// The text of a section of the page.
    pub fn section(&self, heading: &str) -> Option<&'static str> {
        let mut sections = self.page.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
        sections.find(|(name, _)| *name == heading).map(|(_, text)| text.trim())
    }

    /// Why it matters, in one sentence: the first of that section.
    pub fn why(&self) -> &'static str {
        let text = self.section("Why it matters").unwrap_or(self.title);
        let end = text.find(". ").map_or(text.len(), |at| at + 1);
        &text[..end]
    }

    /// Whether the page has its title, its severity and the sections, none of them empty, and says in one line
    /// why it matters.
    pub fn is_documented(&self) -> bool {
        let head = format!("# {}: {}\n\nSeverity: {}\n", self.code, self.title, self.severity.name());
        let headings: Vec<_> = self.page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let has_text = |heading: &&str| self.section(heading).is_some_and(|text| !text.is_empty());
        let is_sentence = self.why().ends_with('.') && !self.why().contains('\n');
        self.page.starts_with(&head) && headings == Self::SECTIONS && Self::SECTIONS.iter().all(has_text) && is_sentence
    }
}

/// One observation about an artifact or an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable code, such as `BX001`; never reused for another meaning.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The archive or image it is about.
    pub subject: String,
    /// The entry inside the subject, when there is one.
    pub entry: Option<String>,
    /// The key in the package's manifest that it is about, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The line of the subject that it is about, from 1, when the subject is a file of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// Why it matters, in one sentence.
    pub why: &'static str,
    /// The next command or edit.
    pub next: String,
}

/// Keeps a hostile archive or image from burying a reader: of each code and subject the first findings stay,
/// and the last of them says how many more there were.
pub(crate) fn shortened(findings: Vec<Finding>) -> Vec<Finding> {
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let count = counts.entry((finding.code, finding.subject.clone())).or_default();
        *count += 1;
        if *count <= LISTED {
            kept.push(finding);
        }
    }
    for ((code, subject), count) in counts {
        let last = kept.iter_mut().rfind(|finding| finding.code == code && finding.subject == subject);
        if let (Some(last), Some(more)) = (last, count.checked_sub(LISTED).filter(|more| *more > 0)) {
            last.found.push_str(&format!(" (and {more} more of this kind)"));
        }
    }
    kept
}
