//! Two texts line by line, as `diff -u` shows them. Texts are files of a few hundred lines.

use std::fmt::Write;
use std::ops::Range;

/// Lines around a change.
const CONTEXT: usize = 2;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Same,
    Removed,
    Added,
}

/// The difference between what is there and what should be.
pub(crate) fn difference(path: &str, found: &str, expected: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (lines(found), lines(expected));
    let edits = edits(&old, &new);
    let mut text = format!("--- {path} (found)\n+++ {path} (rendered)\n");
    for hunk in hunks(&edits) {
        write_hunk(&mut text, &edits, hunk, &old, &new);
    }
    text
}

/// Lines with what ends them: a text may lack the end of its last one.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The fewest edits that make one of the other.
fn edits(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    let mut edits = vec![Edit::Same; start];
    edits.extend(between(old, new));
    edits.extend(vec![Edit::Same; end]);
    edits
}

/// The same by a table of how many lines the rests of both have in common.
fn between(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let width = new.len() + 1;
    let mut common = vec![0u32; (old.len() + 1) * width];
    for row in (0..old.len()).rev() {
        for column in (0..new.len()).rev() {
            let (below, right) = (common[(row + 1) * width + column], common[row * width + column + 1]);
            let both = common[(row + 1) * width + column + 1] + 1;
            common[row * width + column] = if old[row] == new[column] { both } else { below.max(right) };
        }
    }
    let (mut row, mut column, mut edits) = (0, 0, Vec::new());
    while row < old.len() || column < new.len() {
        let is_same = row < old.len() && column < new.len() && old[row] == new[column];
        let removes = row < old.len()
            && (column == new.len() || common[(row + 1) * width + column] >= common[row * width + column + 1]);
        let edit = if is_same {
            Edit::Same
        } else if removes {
            Edit::Removed
        } else {
            Edit::Added
        };
        row += usize::from(edit != Edit::Added);
        column += usize::from(edit != Edit::Removed);
        edits.push(edit);
    }
    edits
}

/// Ranges of edits that are shown together: changes with the lines around them.
fn hunks(edits: &[Edit]) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    for (at, _) in edits.iter().enumerate().filter(|(_, edit)| **edit != Edit::Same) {
        let range = at.saturating_sub(CONTEXT)..(at + 1 + CONTEXT).min(edits.len());
        match hunks.last_mut() {
            Some(last) if last.end >= range.start => last.end = range.end,
            _ => hunks.push(range),
        }
    }
    hunks
}

fn write_hunk(text: &mut String, edits: &[Edit], hunk: Range<usize>, old: &[&str], new: &[&str]) {
    let (before, inside) = (&edits[..hunk.start], &edits[hunk]);
    let of = |edits: &[Edit], other| edits.iter().filter(|edit| **edit != other).count();
    let (mut row, mut column) = (of(before, Edit::Added), of(before, Edit::Removed));
    let header = (place(row, of(inside, Edit::Added)), place(column, of(inside, Edit::Removed)));
    let _ = writeln!(text, "@@ -{} +{} @@", header.0, header.1);
    for edit in inside {
        let (sign, line) = match edit {
            Edit::Same => (' ', old[row]),
            Edit::Removed => ('-', old[row]),
            Edit::Added => ('+', new[column]),
        };
        let _ = write!(text, "{sign}{line}");
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
        row += usize::from(*edit != Edit::Added);
        column += usize::from(*edit != Edit::Removed);
    }
}

/// Where lines are: counted from one, without the count when it is one (POSIX, `diff -u`).
fn place(start: usize, count: usize) -> String {
    match count {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{count}", start + 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use similar::{ChangeTag, TextDiff};

    use super::*;

    /// As the crate `similar` writes it.
    fn reference(found: &str, expected: &str) -> String {
        let diff = TextDiff::from_lines(found, expected);
        diff.unified_diff().context_radius(CONTEXT).header("a (found)", "a (rendered)").to_string()
    }

    #[test]
    fn changes_have_lines_around_them() {
        for (found, expected) in [
            ("a\nb\nc\nd\ne\n", "a\nb\nx\nd\ne\n"),
            ("", "a\n"),
            ("a\n", ""),
            ("a", "a\n"),
            ("a\nb", "a\nc"),
            ("1\n2\n3\n4\n5\n6\n7\n8\n", "0\n2\n3\n4\n5\n6\n7\n9\n"),
            ("1\n2\n3\n4\n5\n6\n", "0\n2\n3\n4\n5\n7\n"),
        ] {
            assert_eq!(difference("a", found, expected), reference(found, expected));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn edits_are_right_and_the_fewest(
            old in prop::collection::vec(prop::sample::select(&["a\n", "b\n", "c\n", "d\n"][..]), 0..20),
            new in prop::collection::vec(prop::sample::select(&["a\n", "b\n", "c\n", "d\n"][..]), 0..20),
        ) {
            let edits = edits(&old, &new);
            let kept = |other| edits.iter().filter(move |edit| **edit != other);
            prop_assert_eq!(kept(Edit::Added).count(), old.len());
            prop_assert_eq!(kept(Edit::Removed).count(), new.len());
            let (mut row, mut column) = (0, 0);
            for edit in &edits {
                prop_assert!(*edit != Edit::Same || old[row] == new[column]);
                row += usize::from(*edit != Edit::Added);
                column += usize::from(*edit != Edit::Removed);
            }
            let (old, new) = (old.concat(), new.concat());
            let theirs = TextDiff::from_lines(&old, &new);
            let changes = theirs.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).count();
            prop_assert!(edits.iter().filter(|edit| **edit != Edit::Same).count() <= changes);
        }
    }
}
