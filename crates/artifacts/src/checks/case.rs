//! Paths that only some file systems tell apart.

use std::collections::BTreeSet;

use diagnostics::{At, Finding, FindingText};

use crate::checks::{Context, REBUILD};
use crate::codes::CASE;

/// Paths, or folders on the way to them, that are the same but for case.
pub(crate) fn differs(context: &Context<'_>) -> Vec<Finding> {
    let entries = context.bundle.seen().into_iter().flat_map(|content| &content.entries);
    // Sorted so that everything below a folder stands together.
    let mut paths: Vec<(String, &str)> =
        entries.map(|entry| (entry.path.to_lowercase().replace('/', "\0"), entry.path.as_str())).collect();
    paths.sort_unstable();
    let twins: BTreeSet<_> = paths.windows(2).filter_map(|pair| twins(pair[0].1, pair[1].1)).collect();
    let finding = |(one, other): (&str, &str)| {
        let expected = "paths that differ by more than case";
        CASE.finding(
            At::entry(context.bundle.name, one),
            FindingText { expected, found: &format!("also {other}"), next: REBUILD },
        )
    };
    twins.into_iter().map(finding).collect()
}

/// The shortest starts of two paths that differ only by case.
fn twins<'a>(one: &'a str, other: &'a str) -> Option<(&'a str, &'a str)> {
    let (mut here, mut there) = (0, 0);
    for (part, like) in one.split('/').zip(other.split('/')) {
        (here, there) = (here + part.len(), there + like.len());
        if part != like {
            let (one, other) = (&one[..here], &other[..there]);
            let is_twin = part.to_lowercase() == like.to_lowercase();
            return is_twin.then_some(if one < other { (one, other) } else { (other, one) });
        }
        (here, there) = (here + 1, there + 1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_differs_is_named() {
        assert_eq!(twins("a/B/c", "a/b/d"), Some(("a/B", "a/b")));
        assert_eq!(twins("a/b", "a/b/c"), None);
        assert_eq!(twins("a/b", "a/c"), None);
        assert_eq!(twins("x/\u{c4}", "x/\u{e4}"), Some(("x/\u{c4}", "x/\u{e4}")));
    }
}
