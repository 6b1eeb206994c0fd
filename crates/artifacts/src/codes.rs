//! The stable codes of this crate's findings. A code is never reused for another meaning.

use diagnostics::{FindingKind, finding_kind as code};

/// There is no such file.
pub(crate) const MISSING: FindingKind = code!(Error, "BX001", "an archive is missing");
/// The operating system refused to open or read it.
pub(crate) const UNREADABLE: FindingKind = code!(Error, "BX002", "an archive cannot be read");
/// It has no bytes.
pub(crate) const EMPTY: FindingKind = code!(Error, "BX003", "an archive is empty");
/// It is something else than gzip.
pub(crate) const NOT_GZIP: FindingKind = code!(Error, "BX004", "an archive is not compressed with gzip");
/// The gzip or tar stream ends early.
pub(crate) const TRUNCATED: FindingKind = code!(Error, "BX005", "an archive ends early");
/// The gzip stream is damaged.
pub(crate) const GZIP_CORRUPT: FindingKind = code!(Error, "BX006", "the compressed data of an archive is damaged");
/// The tar stream is damaged.
pub(crate) const TAR_CORRUPT: FindingKind = code!(Error, "BX007", "the tar stream of an archive is damaged");
/// Something follows the end.
pub(crate) const TRAILING: FindingKind = code!(Error, "BX008", "something follows the end of an archive");
/// It is larger than we are willing to read.
pub(crate) const OVER_LIMIT: FindingKind = code!(Error, "BX009", "an archive is over a limit");
/// Unpacking it would write outside the target folder, or somewhere unclear.
pub(crate) const UNSAFE_PATH: FindingKind =
    code!(Error, "BX010", "an entry's path leaves the root or goes through a link");
/// A link leads outside the target folder, or a hard link to nothing.
pub(crate) const UNSAFE_LINK: FindingKind =
    code!(Error, "BX011", "a link leaves the root, or is a hard link to nothing");
/// Neither file, folder nor link.
pub(crate) const SPECIAL: FindingKind = code!(Error, "BX012", "an entry is neither file, folder nor link");
/// A file that runs with its owner's rights.
pub(crate) const SETUID: FindingKind = code!(Error, "BX013", "an entry is setuid or setgid");
/// Two entries with one path.
pub(crate) const DUPLICATE: FindingKind = code!(Error, "BX014", "two entries have the same path");
/// A `package.json` that is no JSON object.
pub(crate) const NOT_JSON: FindingKind = code!(Error, "BX015", "a manifest is not a JSON object");
/// A package of the production workspace without a manifest in the skeleton.
pub(crate) const SKELETON_LACKS: FindingKind =
    code!(Error, "BX016", "the skeleton lacks a production package's manifest");
/// A manifest in the skeleton of a package that is not in the production workspace.
pub(crate) const SKELETON_SURPLUS: FindingKind =
    code!(Error, "BX017", "the skeleton has a manifest of no production package");
/// Something in the skeleton besides manifests.
pub(crate) const SKELETON_FOREIGN: FindingKind =
    code!(Error, "BX018", "the skeleton holds something else than manifests");
/// A package of the production workspace without a manifest in the bundle.
pub(crate) const BUNDLE_LACKS: FindingKind = code!(Error, "BX019", "the bundle lacks a production package's manifest");
/// A manifest that would install something else than the repository's.
pub(crate) const INSTALL_FIELD: FindingKind =
    code!(Error, "BX020", "a manifest's install field differs from the repository's");
/// The archives do not come from one build.
pub(crate) const PAIR_DIFFERS: FindingKind = code!(Error, "BX021", "a manifest differs between skeleton and bundle");
/// The bundle's lockfile is another one.
pub(crate) const LOCKFILE_DIFFERS: FindingKind =
    code!(Error, "BX022", "the bundle's yarn.lock differs from the repository's");
/// The bundle's root manifest is another one.
pub(crate) const ROOT_DIFFERS: FindingKind =
    code!(Error, "BX023", "the bundle's root package.json differs from the repository's");
/// `node packages/backend` would find nothing to run.
pub(crate) const NO_MAIN: FindingKind = code!(Error, "BX024", "the backend's main file is not in the bundle");
/// The app backend would answer every page with 404.
pub(crate) const NO_APP: FindingKind = code!(Error, "BX025", "the bundle has no built app");
/// The root entry closes the target folder to other users.
pub(crate) const PRIVATE_ROOT: FindingKind =
    code!(Note, "BX026", "unpacking the bundle as root makes the folder private");

/// The baseline has more than there is.
pub(crate) const STALE_BASELINE: FindingKind =
    code!(Note, "BX027", "the baseline accepts a finding that no longer occurs");
/// The browser would get a white page.
pub(crate) const UNKNOWN_ASSET: FindingKind =
    code!(Error, "BX028", "a page names a script or style that is not in the bundle");
/// The running configuration would not reach the page.
pub(crate) const NO_TEMPLATE: FindingKind = code!(Warning, "BX029", "the app lacks the template of its page");
/// The backend would not know what a browser may see.
pub(crate) const NO_SCHEMA: FindingKind = code!(Error, "BX030", "the app's configuration schema is missing or no JSON");
/// An import of the package would fail.
pub(crate) const NO_ENTRY_POINT: FindingKind = code!(Error, "BX031", "a package's entry point is not in the bundle");
/// The install would fail, or link to nothing.
pub(crate) const NO_LOCAL_DEPENDENCY: FindingKind = code!(Error, "BX032", "a local dependency is not in the bundle");
/// The install would bring React and every frontend plugin.
pub(crate) const UNBUNDLED_FRONTEND: FindingKind = code!(Warning, "BX033", "a frontend package is not bundled");
/// `Cannot find module 'app/package.json'`.
pub(crate) const NO_FRONTEND: FindingKind = code!(Error, "BX034", "the app backend has no app to serve");
/// Settings of one machine, with its secrets.
pub(crate) const LOCAL_SETTINGS: FindingKind = code!(Error, "BX035", "local settings are in the bundle");
/// Dependencies that no lockfile knows.
pub(crate) const NODE_MODULES: FindingKind = code!(Error, "BX036", "installed dependencies are in the bundle");
/// Who can pull the image could read it.
pub(crate) const SECRET: FindingKind = code!(Error, "BX037", "a file of the bundle holds a secret");
/// Large, and public where the app is served.
pub const SOURCE_MAPS: FindingKind = code!(Warning, "BX038", "the bundle holds source maps");
/// One would overwrite the other on some machines.
pub(crate) const CASE: FindingKind = code!(Warning, "BX039", "two paths differ only by case");
/// `Cannot find module`, in production only.
pub(crate) const UNDECLARED: FindingKind =
    code!(Error, "BX040", "a script imports a module that its package does not declare");
/// The same: a production install leaves development dependencies out.
pub(crate) const DEVELOPMENT_ONLY: FindingKind =
    code!(Error, "BX041", "a script imports a module that is declared for development only");
/// Node stops at the first line it cannot read.
pub(crate) const NOT_JAVASCRIPT: FindingKind = code!(Error, "BX042", "a built script is not valid JavaScript");
/// It is there in a checkout, so that only the image lacks it.
pub(crate) const NOT_PACKED: FindingKind =
    code!(Error, "BX043", "a file that the code or a manifest names is not in the bundle");
/// Something else would run than what is in the repository.
pub(crate) const STALE_SOURCES: FindingKind = code!(Error, "BX044", "a package was built from other sources");

/// Silence about it must not look like soundness.
pub(crate) const UNSEEN: FindingKind = code!(Note, "BX045", "a file was too large to be looked at");

/// Every kind of finding, in the order of the codes.
pub const CODES: &[FindingKind] = &[
    MISSING,
    UNREADABLE,
    EMPTY,
    NOT_GZIP,
    TRUNCATED,
    GZIP_CORRUPT,
    TAR_CORRUPT,
    TRAILING,
    OVER_LIMIT,
    UNSAFE_PATH,
    UNSAFE_LINK,
    SPECIAL,
    SETUID,
    DUPLICATE,
    NOT_JSON,
    SKELETON_LACKS,
    SKELETON_SURPLUS,
    SKELETON_FOREIGN,
    BUNDLE_LACKS,
    INSTALL_FIELD,
    PAIR_DIFFERS,
    LOCKFILE_DIFFERS,
    ROOT_DIFFERS,
    NO_MAIN,
    NO_APP,
    PRIVATE_ROOT,
    STALE_BASELINE,
    UNKNOWN_ASSET,
    NO_TEMPLATE,
    NO_SCHEMA,
    NO_ENTRY_POINT,
    NO_LOCAL_DEPENDENCY,
    UNBUNDLED_FRONTEND,
    NO_FRONTEND,
    LOCAL_SETTINGS,
    NODE_MODULES,
    SECRET,
    SOURCE_MAPS,
    CASE,
    UNDECLARED,
    DEVELOPMENT_ONLY,
    NOT_JAVASCRIPT,
    NOT_PACKED,
    STALE_SOURCES,
    UNSEEN,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_without_gaps() {
        for (number, kind) in (1..).zip(CODES) {
            assert_eq!(kind.code, format!("BX{number:03}"));
            assert!(!kind.title.contains('\n') && !kind.title.ends_with('.'), "{}", kind.title);
        }
    }

    #[test]
    fn every_code_has_a_whole_page() {
        for kind in CODES {
            assert!(kind.is_documented(), "codes/{}.md:\n{}", kind.code, kind.page);
        }
    }
}
