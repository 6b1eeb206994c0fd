//! What a limit kept from being looked at: silence must not look like soundness.

use diagnostics::{At, Finding, FindingText};
use javascript::Syntax;

use crate::checks::Context;
use crate::checks::scripts::Reached;
use crate::codes::UNSEEN;
use crate::content::{Content, Skipped};

/// A finding for each kind of look that some file did not get.
pub(crate) fn found(context: &Context<'_>, content: &Content, reached: &[Reached<'_>]) -> Vec<Finding> {
    [
        ("every file searched for secrets", "not searched", &content.unsearched),
        ("every script that Node runs read", "not read", &unread(reached)),
        ("every source map compared with the repository", "not compared", &content.uncompared),
    ]
    .into_iter()
    .filter(|(_, _, skipped)| skipped.count > 0)
    .map(|(expected, what, skipped)| finding(context, expected, what, skipped))
    .collect()
}

fn unread(reached: &[Reached<'_>]) -> Skipped {
    let mut skipped = Skipped::default();
    let scripts = reached.iter().flat_map(|reached| &reached.scripts);
    scripts.filter(|(_, script)| script.syntax == Syntax::Unknown).for_each(|(path, _)| skipped.add(path));
    skipped
}

fn finding(context: &Context<'_>, expected: &str, what: &str, skipped: &Skipped) -> Finding {
    let found = match skipped.count {
        1 => format!("this file {what}, for its size"),
        count => format!("this file and {} more {what}, for their size", count - 1),
    };
    let next = "look at it yourself; a file that nobody needs is better left out of \"files\" of its package.json";
    UNSEEN.finding(At::entry(context.bundle.name, &skipped.first), FindingText { expected, found: &found, next })
}
