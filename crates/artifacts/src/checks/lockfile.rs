//! Whether the bundle carries the lockfile that is in the repository.

use monorepo::{Finding, LOCKFILE};

use crate::checks::{Context, REBUILD};
use crate::codes::{At, LOCKFILE_DIFFERS};
use crate::text::hex;

/// A lockfile that is missing or another one. The production install after unpacking reads it.
pub(crate) fn differs(context: &Context<'_>) -> Vec<Finding> {
    let (Some(content), Some(ours)) = (context.bundle.content(), context.repo.tree.get(LOCKFILE)) else {
        return Vec::new();
    };
    let found = match &content.lockfile {
        Some(digest) if digest[..] == ours.digest => return Vec::new(),
        Some(digest) => format!("one with the SHA-256 {}", hex(digest)),
        None => "no such file".to_owned(),
    };
    let expected = format!("the repository's yarn.lock, SHA-256 {}", hex(&ours.digest));
    vec![LOCKFILE_DIFFERS.finding(At::entry(context.bundle.name, LOCKFILE), &expected, &found, REBUILD)]
}
