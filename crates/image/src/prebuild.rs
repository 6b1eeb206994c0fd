//! What the path of a prebuilt addon says that it is for, by the names of prebuildify and of those who load it
//! (`node-gyp-build`: `parseTuple`, `parseTags`, `matchTags`; `better-sqlite3` 13: `prebuilds/linuxmusl-x64.node`).

use crate::platform::{Libc, Platform};

/// Systems by Node's names, and by those of other runtimes that share the folders.
const SYSTEMS: &[&str] =
    &["aix", "android", "darwin", "freebsd", "ios", "linux", "netbsd", "openbsd", "sunos", "win32"];
/// Runtimes that a file may be built for; only one of them is Node.
const RUNTIMES: &[&str] = &["node", "electron", "node-webkit"];
/// The folder of prebuilt addons in a package.
const FOLDER: &str = "prebuilds";

/// What a prebuilt addon is for. What is not named fits everywhere.
#[derive(Debug, Default, PartialEq, Eq)]
struct Target<'a> {
    system: Option<&'a str>,
    processors: Vec<&'a str>,
    libc: Option<Libc>,
    /// `NODE_MODULE_VERSION`, of an addon that is not Node-API's.
    abi: Option<u32>,
    runtime: Option<&'a str>,
    is_node_api: bool,
}

/// Whether a path, in a package or above one, is a prebuilt addon for something else. What is not understood is not.
pub(crate) fn is_foreign(path: &str, platform: &Platform) -> bool {
    target(path).is_some_and(|target| !target.fits(platform))
}

/// What a path within `prebuilds` says: in the name of its folder there, or of its file.
fn target(path: &str) -> Option<Target<'_>> {
    let mut parts = path.split('/').skip_while(|part| *part != FOLDER).skip(1);
    let (first, last) = (parts.next()?, parts.last());
    match last {
        Some(file) => Some(tagged(file, of_tuple(first)?)),
        // The tuple is the file's own name.
        None => of_tuple(first.strip_suffix(".node")?),
    }
}

/// `linux-x64`, `darwin-x64+arm64`, `linuxmusl-x64`, and longer ones of other runtimes.
fn of_tuple(tuple: &str) -> Option<Target<'_>> {
    let (system, rest) = tuple.split_once('-')?;
    let libc = [("linuxmusl", Libc::Musl), ("linuxglibc", Libc::Glibc)].into_iter().find(|(name, _)| *name == system);
    let system = if libc.is_some() { "linux" } else { system };
    let processors = rest.split('-').next().unwrap_or_default().split('+').collect();
    let libc = libc.map(|(_, libc)| libc);
    SYSTEMS.contains(&system).then(|| Target { system: Some(system), processors, libc, ..Target::default() })
}

/// Adds the tags in a file's name; others than those of addons have none.
fn tagged<'a>(file: &'a str, mut target: Target<'a>) -> Target<'a> {
    for tag in file.strip_suffix(".node").into_iter().flat_map(|name| name.split('.')) {
        match tag {
            "napi" => target.is_node_api = true,
            "musl" => target.libc = Some(Libc::Musl),
            "glibc" => target.libc = Some(Libc::Glibc),
            _ if RUNTIMES.contains(&tag) => target.runtime = Some(tag),
            _ => target.abi = tag.strip_prefix("abi").and_then(|abi| abi.parse().ok()).or(target.abi),
        }
    }
    target
}

impl Target<'_> {
    fn fits(&self, platform: &Platform) -> bool {
        let is_abi = self.is_node_api
            || match (self.abi, platform.module_version) {
                (Some(own), Some(wanted)) => own == wanted,
                _ => true,
            };
        self.system.is_none_or(|system| system == "linux")
            && self.processors.contains(&platform.cpu.as_str())
            && self.runtime.is_none_or(|runtime| runtime == "node")
            && self.libc.is_none_or(|libc| platform.libc.is_none_or(|own| own == libc))
            && is_abi
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node_24() -> Platform {
        Platform { cpu: "x64".to_owned(), libc: Some(Libc::Glibc), module_version: Some(137) }
    }

    #[test]
    fn what_is_known_to_be_foreign_does_not_fit() {
        for path in [
            "prebuilds/darwin-x64+arm64/a.node",
            "prebuilds/linux-arm64/a.node",
            "prebuilds/linux-x64/node.napi.musl.node",
            "prebuilds/linux-x64/isolated-vm.abi127.glibc.node",
            "prebuilds/linux-x64/electron.abi137.node",
            "prebuilds/linux-x64/electron.napi.node",
            "prebuilds/linuxmusl-x64.node",
            "prebuilds/linux-arm64.node",
            "prebuilds/win32-x64.node",
            "deep/prebuilds/ios-arm64-simulator/a.bare",
            "app/node_modules/x/prebuilds/linuxmusl-x64/a.node",
        ] {
            assert!(is_foreign(path, &node_24()), "{path}");
        }
    }

    #[test]
    fn what_fits_or_is_not_understood_is_not_foreign() {
        for path in [
            "prebuilds/linux-x64/node.napi.glibc.node",
            "prebuilds/linux-x64/node.napi.node",
            "prebuilds/linux-x64/isolated-vm.abi137.glibc.node",
            "prebuilds/linux-x64/node.abi127.napi.node",
            "prebuilds/linux-x64/a.uv1.node",
            "prebuilds/linux-x64/a.abi.node",
            "prebuilds/linux-x64.node",
            "prebuilds/linuxglibc-x64.node",
            "prebuilds/linux-arm+x64/a.node",
            "prebuilds/linux-x64/README.musl.md",
            "prebuilds/something/a.node",
            "prebuilds/plan9-x64/a.node",
            "prebuilds/darwin-arm64",
            "prebuilds",
            "lib/musl.node",
        ] {
            assert!(!is_foreign(path, &node_24()), "{path}");
        }
    }

    #[test]
    fn a_version_of_node_that_is_not_known_excludes_nothing() {
        let unknown = Platform { module_version: None, ..node_24() };
        assert!(!is_foreign("prebuilds/linux-x64/a.abi127.node", &unknown));
        let alpine = Platform { libc: Some(Libc::Musl), ..node_24() };
        assert!(is_foreign("prebuilds/linuxglibc-x64.node", &alpine));
        assert!(!is_foreign("prebuilds/linuxmusl-x64.node", &alpine));
    }
}
