//! What goes into each root file system.

use crate::kinds::RootSet;

/// The npm that goes into roots and base images with a shell. An exact version, as Node's own releases hold one: what
/// is newest on some day may not work.
pub const NPM: &str = "11.20.0";

/// What Node runs on. Named one by one: their dependencies beyond these configure packages or are for
/// people at a shell. Newer Node releases link libatomic.
const MINIMAL: &[&str] =
    &["base-files", "ca-certificates", "libatomic1", "libc6", "libgcc-s1", "libstdc++6", "netbase", "tzdata"];
/// Debian names the package with their licences after GCC's version.
const LICENCES: (&str, &str) = ("gcc-", "-base");

/// A system one can look around in, as `node:<version>-slim` images are.
const SLIM: &[&str] = &[
    "base-files",
    "bash",
    "ca-certificates",
    "coreutils",
    "dash",
    "debianutils",
    "diffutils",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "libatomic1",
    "libc-bin",
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "mawk",
    "ncurses-base",
    "netbase",
    "sed",
    "tar",
    "tzdata",
];

/// What compiles native addons, and what install scripts commonly call.
const BUILDER: &[&str] = &[
    "base-files",
    "bash",
    "bzip2",
    "ca-certificates",
    "ccache",
    "coreutils",
    "dash",
    "debianutils",
    "diffutils",
    "findutils",
    "g++",
    "gcc",
    "git",
    "grep",
    "gzip",
    "hostname",
    "libatomic1",
    "libc-bin",
    "libc6-dev",
    "make",
    "mawk",
    "netbase",
    "patch",
    "python3",
    "sed",
    "tar",
    "tzdata",
    "xz-utils",
];

/// The packages to ask for.
pub(crate) fn names(set: RootSet) -> &'static [&'static str] {
    match set {
        RootSet::Builder => BUILDER,
        RootSet::Minimal => MINIMAL,
        RootSet::Slim => SLIM,
    }
}

/// Whether a set holds a package that its names depend on.
pub(crate) fn keeps(set: RootSet, package: &str) -> bool {
    let licences = package.starts_with(LICENCES.0) && package.ends_with(LICENCES.1);
    set != RootSet::Minimal || licences || MINIMAL.contains(&package)
}

/// Whether files at this path, relative to the root, are of use in an image or a build. Licences are:
/// Debian keeps them as `usr/share/doc/*/copyright`. Of the C library's `iconv` the minimal set has what is
/// built in, Unicode: Node converts encodings by its own ICU, and the tables for all others are 8 MB.
pub(crate) fn is_useful(set: RootSet, path: &str) -> bool {
    const USELESS: &[&str] = &["bug", "info", "lintian", "locale", "man"];
    if set == RootSet::Minimal && path.starts_with("usr/lib/") && path.split('/').any(|name| name == "gconv") {
        return false;
    }
    let Some((folder, rest)) = path.strip_prefix("usr/share/").and_then(|path| path.split_once('/')) else {
        return true;
    };
    match folder {
        "doc" => rest.ends_with("/copyright") || !rest.trim_end_matches('/').contains('/'),
        folder => !USELESS.contains(&folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_is_left_out_and_licences_stay() {
        for path in ["usr/share/doc/libc6/copyright", "usr/share/doc/libc6", "usr/bin/man", "usr/share/zoneinfo/UTC"] {
            assert!(is_useful(RootSet::Slim, path), "{path}");
        }
        for path in ["usr/share/doc/libc6/changelog.gz", "usr/share/man/man1/ls.1.gz", "usr/share/locale/de/x.mo"] {
            assert!(!is_useful(RootSet::Slim, path), "{path}");
        }
    }

    #[test]
    fn minimal_has_no_tables_of_encodings() {
        let path = "usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so";
        assert!(!is_useful(RootSet::Minimal, path));
        assert!(is_useful(RootSet::Slim, path));
    }

    #[test]
    fn minimal_has_no_shell_and_keeps_the_licences_of_the_c_library() {
        assert!(["libc6", "gcc-14-base"].iter().all(|name| keeps(RootSet::Minimal, name)));
        assert!(["dash", "mawk", "debconf", "perl-base"].iter().all(|name| !keeps(RootSet::Minimal, name)));
        assert!(keeps(RootSet::Slim, "debconf"));
    }

    #[test]
    fn names_are_sorted_and_unique() {
        for set in RootSet::ALL {
            assert!(names(set).is_sorted_by(|a, b| a < b), "{}", set.name());
        }
    }
}
