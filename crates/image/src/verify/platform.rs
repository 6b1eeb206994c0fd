//! What the path of a native addon says that it is for. Packages bring addons for many platforms side by side:
//! `prebuilds/darwin-x64/…`, `binding-linux-arm64-gnu/…`, `dist/windows/…`.

pub(crate) use crate::prune::Libc;

/// Words for systems other than Linux.
const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "freebsd",
    "ios",
    "macos",
    "netbsd",
    "openbsd",
    "openharmony",
    "osx",
    "sunos",
    "wasm",
    "win",
    "win32",
    "windows",
];
/// Words for processors, with Go's name of each.
const PROCESSORS: &[(&str, &str)] = &[
    ("x64", "amd64"),
    ("amd64", "amd64"),
    ("x86_64", "amd64"),
    ("ia32", "386"),
    ("x86", "386"),
    ("arm64", "arm64"),
    ("aarch64", "arm64"),
    ("arm", "arm"),
    ("armv6", "arm"),
    ("armv7", "arm"),
    ("armv7l", "arm"),
    ("gnueabihf", "arm"),
    ("musleabihf", "arm"),
    ("riscv64", "riscv64"),
    ("s390x", "s390x"),
    ("ppc64", "ppc64le"),
    ("ppc64le", "ppc64le"),
    ("loong64", "loong64"),
    ("mips64el", "mips64le"),
];

/// Whether a path names another system, processor or C library than the image's. A path that names both, its
/// own and another, such as `linux-arm64+x64`, is for this one.
pub(crate) fn is_for_another(path: &str, architecture: &str, libc: Option<Libc>) -> bool {
    let words: Vec<String> = path
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let has = |word: &str| words.iter().any(|other| other == word);
    let is_other_system = SYSTEMS.iter().any(|system| has(system)) && !has("linux");
    let named: Vec<&str> = PROCESSORS.iter().filter(|(word, _)| has(word)).map(|(_, name)| *name).collect();
    let is_other_processor = !named.is_empty() && !named.contains(&architecture);
    let is_other_libc = match libc {
        Some(Libc::Glibc) => (has("musl") || has("musleabihf")) && !has("glibc"),
        Some(Libc::Musl) => (has("gnu") || has("glibc") || has("gnueabihf")) && !has("musl"),
        None => false,
    };
    is_other_system || is_other_processor || is_other_libc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_path_decide() {
        let other = |path| is_for_another(path, "amd64", Some(Libc::Glibc));
        for path in [
            "a/prebuilds/darwin-x64/a.node",
            "a/prebuilds/linux-arm64/a.node",
            "a/prebuilds/linux-x64/node.napi.musl.node",
            "@x/binding-linux-arm64-gnu/x.linux-arm64-gnu.node",
            "ctrlc-windows/dist/x64/a.node",
            "win32-ia32/a.node",
            "@x/core-linux-arm-gnueabihf/a.node",
        ] {
            assert!(other(path), "{path}");
        }
        for path in [
            "better-sqlite3/build/Release/better_sqlite3.node",
            "a/prebuilds/linux-x64/a.node",
            "a/prebuilds/linux-arm+x64/a.node",
            "@x/binding-linux-x64-gnu/a.node",
            "winston-addon/a.node",
        ] {
            assert!(!other(path), "{path}");
        }
        assert!(is_for_another("x.linux-x64-gnu.node", "amd64", Some(Libc::Musl)));
        assert!(!is_for_another("x.linux-x64-gnu.node", "amd64", None));
    }
}
