//! What differs between two texts.

use similar::TextDiff;

/// The difference between what is there and what should be, as `diff -u` writes it.
pub(crate) fn difference(path: &str, found: &str, expected: &str) -> String {
    let diff = TextDiff::from_lines(found, expected);
    diff.unified_diff().context_radius(2).header(&format!("{path} (found)"), &format!("{path} (rendered)")).to_string()
}
