//! The stable codes of this crate's findings. A code is never reused for another meaning.

use monorepo::{FindingKind, Severity};

/// A code with its title; its page is `codes/<code>.md`.
macro_rules! code {
    ($code:literal, $title:literal) => {
        FindingKind {
            code: $code,
            severity: Severity::Error,
            title: $title,
            page: include_str!(concat!("../codes/", $code, ".md")),
        }
    };
}

/// Another user, perhaps root.
pub(crate) const USER: FindingKind = code!("BI001", "the image runs as another user");
/// Another command.
pub(crate) const COMMAND: FindingKind = code!("BI002", "the image starts another command");
/// Another working directory.
pub(crate) const FOLDER: FindingKind = code!("BI003", "the image starts in another folder");
/// A variable that is missing or has another value.
pub(crate) const VARIABLE: FindingKind = code!("BI004", "the image lacks a variable");

/// Every kind of finding, in the order of the codes.
pub const CODES: &[FindingKind] = &[USER, COMMAND, FOLDER, VARIABLE];

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
