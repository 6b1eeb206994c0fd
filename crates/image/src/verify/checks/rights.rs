//! Rights that go further than a backend needs.

use diagnostics::Finding;

use super::leftovers::of_many;
use crate::codes::{SETUID, WRITABLE};
use crate::read::NodeKind;
use crate::verify::context::Context;

const SETUID_OR_SETGID: u32 = 0o6000;
const STICKY: u32 = 0o1000;
const WRITABLE_FOR_ALL: u32 = 0o002;

/// Programs that run as somebody else, or with capabilities.
pub(crate) fn setuid(context: &Context<'_>) -> Vec<Finding> {
    let programs = context.tree.files().filter(|(_, node)| node.mode & SETUID_OR_SETGID != 0 || node.has_capabilities);
    let found: Vec<String> = programs.map(|(path, _)| path.to_owned()).collect();
    let next = "remove the bits: `RUN find / -xdev -perm /6000 -exec chmod a-s {} +`, or run with no-new-privileges";
    of_many(context, SETUID, &found, ("no program with setuid, setgid or capabilities", next))
}

/// Files that everybody may change, and folders without the sticky bit; such as `tmp` have it.
pub(crate) fn writable(context: &Context<'_>) -> Vec<Finding> {
    let open = context.tree.iter().filter(|(_, node)| match node.kind {
        NodeKind::File(_) => node.mode & WRITABLE_FOR_ALL != 0,
        NodeKind::Folder => node.mode & (WRITABLE_FOR_ALL | STICKY) == WRITABLE_FOR_ALL,
        NodeKind::Link(_) | NodeKind::Special => false,
    });
    let found: Vec<String> = open.map(|(path, _)| path.to_owned()).collect();
    let next = "close them in the Dockerfile: `chmod -R o-w`; what must be written gets the group 0 and `g=u`";
    of_many(context, WRITABLE, &found, ("files that only some may change", next))
}
