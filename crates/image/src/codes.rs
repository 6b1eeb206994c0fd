//! The stable codes of this crate's findings. A code is never reused for another meaning.

use diagnostics::{FindingKind, finding_kind as code};

/// Another user, perhaps root.
pub(crate) const USER: FindingKind = code!(Error, "BI001", "the image runs as another user");
/// Another command.
pub(crate) const COMMAND: FindingKind = code!(Error, "BI002", "the image starts another command");
/// Another working directory.
pub(crate) const FOLDER: FindingKind = code!(Error, "BI003", "the image starts in another folder");
/// A variable that is missing or has another value.
pub(crate) const VARIABLE: FindingKind = code!(Error, "BI004", "the image lacks a variable");
/// Bytes that are not what they should be.
pub(crate) const DAMAGED: FindingKind = code!(Error, "BI005", "the image cannot be read as a whole");
/// An attacker in the backend would own the container.
pub(crate) const ROOT: FindingKind = code!(Error, "BI006", "the image runs as root, or as a user it does not know");
/// A platform that picks the user could not run it.
pub(crate) const UNREADABLE: FindingKind = code!(Error, "BI007", "a file of the app is closed to some users");
/// Nowhere for temporary files.
pub(crate) const NO_TMP: FindingKind = code!(Error, "BI008", "there is no folder for temporary files");
/// The backend would end at once.
pub(crate) const NO_CONFIG: FindingKind = code!(Error, "BI009", "a configuration that the command names is missing");
/// No Node, or several.
pub(crate) const NODES: FindingKind = code!(Error, "BI010", "the image does not have exactly one Node");
/// Not the one that everything was built with.
pub(crate) const NODE_VERSION: FindingKind = code!(Error, "BI011", "Node is not the one the repository asks for");
/// An addon of another machine.
pub(crate) const FOREIGN_ADDON: FindingKind = code!(Error, "BI012", "a native addon is for another platform");
/// An addon that the dynamic linker would refuse.
pub(crate) const UNLINKED_ADDON: FindingKind = code!(Error, "BI013", "a native addon needs what the libraries lack");
/// An addon that Node would refuse.
pub(crate) const ADDON_ABI: FindingKind = code!(Error, "BI014", "a native addon was compiled for another Node");
/// Size, and tools for an attacker.
pub(crate) const COMPILER: FindingKind = code!(Warning, "BI015", "a compiler is in the image");
/// Size for nothing.
pub(crate) const CACHE: FindingKind = code!(Warning, "BI016", "a package manager's cache is in the image");
/// Every file there ever was.
pub(crate) const GIT: FindingKind = code!(Error, "BI017", "a git repository is in the image");
/// Every file twice.
pub(crate) const ARCHIVE: FindingKind = code!(Warning, "BI018", "an archive of the build is in the image");
/// Who can pull the image can read it.
pub(crate) const SECRET: FindingKind = code!(Error, "BI019", "the image holds a secret");
/// A way to become somebody else.
pub(crate) const SETUID: FindingKind = code!(Warning, "BI020", "a program runs with rights of its own");
/// A way to change what others run.
pub(crate) const WRITABLE: FindingKind = code!(Warning, "BI021", "every user may change a file");
/// Passing the image on without them may not be allowed.
pub(crate) const LICENCE: FindingKind = code!(Warning, "BI022", "a Debian package has no licence in the image");
/// Over the budget.
pub(crate) const SIZE: FindingKind = code!(Error, "BI023", "the image is larger than allowed");
/// A database that the other image has migrated would be refused.
pub(crate) const MIGRATION: FindingKind = code!(Error, "BI024", "a database migration of the other image is missing");
/// Whatever needs it fails, or quietly does without.
pub(crate) const NO_ADDON: FindingKind = code!(Error, "BI025", "a package lacks its native addon");
/// The baseline has more than there is.
pub(crate) const STALE_BASELINE: FindingKind = code!(Note, "BI026", "the baseline accepts a finding that is gone");

/// Every kind of finding, in the order of the codes.
pub const CODES: &[FindingKind] = &[
    USER,
    COMMAND,
    FOLDER,
    VARIABLE,
    DAMAGED,
    ROOT,
    UNREADABLE,
    NO_TMP,
    NO_CONFIG,
    NODES,
    NODE_VERSION,
    FOREIGN_ADDON,
    UNLINKED_ADDON,
    ADDON_ABI,
    COMPILER,
    CACHE,
    GIT,
    ARCHIVE,
    SECRET,
    SETUID,
    WRITABLE,
    LICENCE,
    SIZE,
    MIGRATION,
    NO_ADDON,
    STALE_BASELINE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_number_and_a_whole_page() {
        for (index, kind) in CODES.iter().enumerate() {
            assert_eq!(kind.code, format!("BI{:03}", index + 1));
            assert!(kind.is_documented(), "codes/{}.md:\n{}", kind.code, kind.page);
        }
    }
}
