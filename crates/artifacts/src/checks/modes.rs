//! Modes that surprise whoever unpacks an archive.

use diagnostics::{At, Finding, FindingText};

use crate::checks::Context;
use crate::codes::PRIVATE_ROOT;
use crate::entry::Entry;

/// The bundle's `./` has the mode of the temporary folder it was packed from; unpacked by root, the
/// target folder takes it over and no other user can enter.
pub(crate) fn private_root(context: &Context<'_>) -> Vec<Finding> {
    let entries = context.bundle.seen().into_iter().flat_map(|content| &content.entries);
    let finding = |entry: &Entry| {
        let next = "unpack it as the user that runs the backend, or `chmod 755` the folder afterwards";
        let found = format!("mode {:04o}", entry.mode);
        let expected = "a root folder that every user may enter, such as mode 0755";
        PRIVATE_ROOT.finding(At::entry(context.bundle.name, &entry.name), FindingText { expected, found: &found, next })
    };
    entries.filter(|entry| entry.is_root() && entry.mode & 0o005 != 0o005).map(finding).collect()
}
