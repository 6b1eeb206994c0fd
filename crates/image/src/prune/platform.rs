//! Which prebuilt addons a platform loads (node-gyp-build and prebuildify: `prebuilds/<platform>-<arch>/`,
//! and tags in a file's name).

use std::path::Path;

/// A C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// That of Debian, and of most others.
    Glibc,
    /// That of Alpine.
    Musl,
}

/// What an image runs on. The system is Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// Kind of processor, by Node's names: `x64`, `arm64`.
    pub cpu: String,
    /// C library.
    pub libc: Libc,
}

/// Systems by Node's names, and by those of other runtimes that share the folders.
const SYSTEMS: &[&str] =
    &["aix", "android", "darwin", "freebsd", "ios", "linux", "netbsd", "openbsd", "sunos", "win32"];

impl Platform {
    /// Whether a path within a package is an addon for something else. What is not understood is not.
    pub(super) fn is_foreign(&self, path: &str) -> bool {
        let mut parts = path.split('/').skip_while(|part| *part != "prebuilds");
        let (Some(_), Some(tuple), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return false };
        let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        self.is_foreign_tuple(tuple) || self.is_foreign_libc(name)
    }

    fn is_foreign_tuple(&self, tuple: &str) -> bool {
        let Some((system, processors)) = tuple.split_once('-') else { return false };
        let processors = processors.split('-').next().unwrap_or_default();
        SYSTEMS.contains(&system) && (system != "linux" || processors.split('+').all(|cpu| cpu != self.cpu))
    }

    fn is_foreign_libc(&self, name: &str) -> bool {
        let other = if self.libc == Libc::Glibc { "musl" } else { "glibc" };
        name.ends_with(".node") && name.split('.').any(|tag| tag == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_foreign_goes() {
        let platform = Platform { cpu: "x64".to_owned(), libc: Libc::Glibc };
        for path in [
            "prebuilds/darwin-x64+arm64/a.node",
            "prebuilds/linux-arm64/a.node",
            "prebuilds/linux-x64/node.napi.musl.node",
            "deep/prebuilds/ios-arm64-simulator/a.bare",
        ] {
            assert!(platform.is_foreign(path), "{path}");
        }
        for path in [
            "prebuilds/linux-x64/node.napi.glibc.node",
            "prebuilds/linux-x64/node.napi.node",
            "prebuilds/linux-arm+x64/a.node",
            "prebuilds/something/a.node",
            "prebuilds/plan9-x64/a.node",
            "prebuilds/darwin-arm64",
            "lib/musl.node",
        ] {
            assert!(!platform.is_foreign(path), "{path}");
        }
    }
}
