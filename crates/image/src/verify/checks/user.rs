//! Whom the image runs as.

use diagnostics::Finding;

use crate::codes::ROOT;
use crate::verify::context::{Context, FindingText};

/// Root, or a name that no engine could look up.
pub(crate) fn root(context: &Context<'_>) -> Vec<Finding> {
    let user = context.config.config.user.split(':').next().unwrap_or_default();
    let found = match (user, number(context, user)) {
        ("", _) => "no user, which means root".to_owned(),
        (_, Some(0)) => format!("the user {user}"),
        (_, Some(_)) => return Vec::new(),
        (_, None) => format!("the user {user}, which is not in etc/passwd"),
    };
    let next = "add `USER 1000:1000` as the last user of the Dockerfile, or build with `cargo xtask build-image`";
    let text = FindingText { expected: "a user other than root, best by number", found: &found, next };
    vec![context.finding(ROOT, None, text)]
}

fn number(context: &Context<'_>, user: &str) -> Option<u64> {
    let named = || {
        let lines = context.text("etc/passwd")?.lines();
        lines.map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == user)?.get(2)?.parse().ok()
    };
    user.parse().ok().or_else(named)
}
