//! Whether the bundle carries the lockfile that is in the repository.

use diagnostics::{At, Finding, FindingText, hexadecimal};
use monorepo::LOCKFILE;

use crate::checks::{Context, REBUILD};
use crate::codes::LOCKFILE_DIFFERS;

/// A lockfile that is missing or another one. The production install after unpacking reads it.
pub(crate) fn differs(context: &Context<'_>) -> Vec<Finding> {
    let (Some(content), Some(ours)) = (context.bundle.content(), context.repo.tree.get(LOCKFILE)) else {
        return Vec::new();
    };
    let found = match &content.lockfile {
        Some(digest) if digest[..] == ours.digest => return Vec::new(),
        Some(digest) => format!("one with the SHA-256 {}", hexadecimal(digest)),
        None => "no such file".to_owned(),
    };
    let expected = format!("the repository's yarn.lock, SHA-256 {}", hexadecimal(&ours.digest));
    vec![LOCKFILE_DIFFERS.finding(
        At::entry(context.bundle.name, LOCKFILE),
        FindingText { expected: &expected, found: &found, next: REBUILD },
    )]
}
