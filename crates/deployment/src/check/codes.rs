//! The stable codes of this crate's findings. A code is never reused for another meaning.

use diagnostics::{FindingKind, finding_kind as code};

/// Nothing would be deployed.
pub(crate) const NO_SERVICE: FindingKind = code!(Error, "BF001", "flightcontrol.json has no service for the backend");
/// The build would not begin.
pub(crate) const NO_DOCKERFILE: FindingKind = code!(Error, "BF002", "the Dockerfile of the service is not there");
/// What the Dockerfile copies counts from the root.
pub(crate) const CONTEXT: FindingKind = code!(Error, "BF003", "the build context is not the root of the repository");
/// The file would be refused as a whole.
pub(crate) const NOT_IN_SCHEMA: FindingKind = code!(Error, "BF004", "Flightcontrol's schema does not have this");
/// As above.
pub(crate) const RANGE: FindingKind = code!(Error, "BF005", "a value is out of its range");
/// Nobody would answer.
pub(crate) const PORT: FindingKind = code!(Error, "BF006", "the port is not the one the backend listens on");
/// A backend without a database would count as well.
pub(crate) const HEALTH: FindingKind = code!(Error, "BF007", "the health check asks what always answers");
/// Undefined at run time, silently.
pub(crate) const VARIABLE: FindingKind = code!(Warning, "BF008", "nothing here sets a variable of the configuration");
/// A push would change nothing.
pub(crate) const WATCH: FindingKind = code!(Warning, "BF009", "a file of the build is not watched");
/// Who can read the repository can read it.
pub(crate) const SECRET: FindingKind = code!(Error, "BF010", "a secret is written down");
/// Secrets of the running backend in the build.
pub(crate) const INJECTED: FindingKind = code!(Warning, "BF011", "the build is given every variable of the service");
/// No build at all.
pub(crate) const UNREADABLE: FindingKind = code!(Error, "BF012", "the Dockerfile cannot be read");
/// Flightcontrol has no `--target`.
pub(crate) const LAST_STAGE: FindingKind = code!(Error, "BF013", "the last stage does not start the backend");
/// The backend would end at once.
pub(crate) const NO_CONFIG: FindingKind =
    code!(Error, "BF014", "the image lacks a configuration that its command names");
/// Settings without effect.
pub(crate) const LEFT_OUT: FindingKind = code!(Error, "BF015", "the command leaves out a configuration");
/// `not found`, after minutes.
pub(crate) const NOT_COPIED: FindingKind = code!(Error, "BF016", "a COPY of what no build context has");
/// YN0050.
pub(crate) const YARN_OPTION: FindingKind = code!(Error, "BF017", "Yarn refuses an option");
/// Another Yarn, another linker.
pub(crate) const YARN_SETTINGS: FindingKind = code!(Error, "BF018", "Yarn runs without its settings");
/// Size, and tools for an attacker.
pub(crate) const COMPILER: FindingKind = code!(Warning, "BF019", "a compiler stays in the image");
/// An attacker in the backend would own the container.
pub(crate) const ROOT: FindingKind = code!(Error, "BF020", "the image runs as root");
/// Addons would not load.
pub(crate) const NODE: FindingKind = code!(Error, "BF021", "Node is not one the repository asks for");
/// Flightcontrol runs linux/amd64.
pub(crate) const PLATFORM: FindingKind = code!(Error, "BF022", "a stage is for another platform");

/// Fixes of what it stands on do not reach the image.
pub(crate) const OLD: FindingKind = code!(Warning, "BF023", "what the image stands on was locked long ago");

/// A build refuses it at once; a Dockerfile does not.
pub(crate) const NOT_DEPLOYABLE: FindingKind = code!(Error, "BF024", "no image of this repository would work");

/// The entry would accept the same defect again.
pub(crate) const STALE_BASELINE: FindingKind =
    code!(Note, "BF025", "the baseline accepts a finding that no longer occurs");

/// Every kind of finding, in the order of the codes.
pub const CODES: &[FindingKind] = &[
    NO_SERVICE,
    NO_DOCKERFILE,
    CONTEXT,
    NOT_IN_SCHEMA,
    RANGE,
    PORT,
    HEALTH,
    VARIABLE,
    WATCH,
    SECRET,
    INJECTED,
    UNREADABLE,
    LAST_STAGE,
    NO_CONFIG,
    LEFT_OUT,
    NOT_COPIED,
    YARN_OPTION,
    YARN_SETTINGS,
    COMPILER,
    ROOT,
    NODE,
    PLATFORM,
    OLD,
    NOT_DEPLOYABLE,
    STALE_BASELINE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_number_and_a_whole_page() {
        for (index, kind) in CODES.iter().enumerate() {
            assert_eq!(kind.code, format!("BF{:03}", index + 1));
            assert!(kind.is_documented(), "codes/{}.md:\n{}", kind.code, kind.page);
        }
    }
}
