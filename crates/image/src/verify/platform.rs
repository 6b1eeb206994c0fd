//! What the path of a native addon says that it is for. Packages bring addons for many platforms side by side:
//! `prebuilds/darwin-x64/…`, `binding-linux-arm64-gnu/…`, `dist/windows/…`, `lib/binding/node-v127-linux-x64/…`.

use crate::platform::{Libc, Platform};
use crate::prebuild::is_foreign;

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

/// Go's name of a processor, by Node's.
fn architecture(cpu: &str) -> &str {
    PROCESSORS.iter().find(|(word, _)| *word == cpu).map_or(cpu, |(_, name)| name)
}

/// Node's name of a processor, by Go's.
pub(crate) fn cpu(architecture: &str) -> &str {
    PROCESSORS.iter().find(|(_, name)| *name == architecture).map_or(architecture, |(word, _)| word)
}

/// Whether a path names another system, processor, C library or Node than the image's. A path that names both, its
/// own and another, such as `linux-arm64+x64`, is for this one.
pub(crate) fn is_for_another(path: &str, platform: &Platform) -> bool {
    is_foreign(path, platform) || is_of_another_node(path, platform) || is_of_another_machine(path, platform)
}

/// node-pre-gyp's folders name what Node calls its ABI: `node-v127-linux-x64`.
fn is_of_another_node(path: &str, platform: &Platform) -> bool {
    let abi = |folder: &str| folder.strip_prefix("node-v")?.split('-').next()?.parse::<u32>().ok();
    let folders = path.split('/').filter(|folder| folder.matches('-').count() >= 3).filter_map(abi);
    platform.module_version.is_some_and(|own| folders.into_iter().any(|abi| abi != own))
}

fn is_of_another_machine(path: &str, platform: &Platform) -> bool {
    let (architecture, libc) = (architecture(&platform.cpu), platform.libc);
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
        let glibc = Platform { cpu: "x64".to_owned(), libc: Some(Libc::Glibc), module_version: Some(137) };
        let other = |path| is_for_another(path, &glibc);
        for path in [
            "a/prebuilds/darwin-x64/a.node",
            "a/prebuilds/linux-arm64/a.node",
            "a/prebuilds/linux-x64/node.napi.musl.node",
            "@x/binding-linux-arm64-gnu/x.linux-arm64-gnu.node",
            "ctrlc-windows/dist/x64/a.node",
            "win32-ia32/a.node",
            "@x/core-linux-arm-gnueabihf/a.node",
            "a/prebuilds/linuxmusl-x64.node",
            "isolated-vm/prebuilds/linux-x64/isolated-vm.abi127.glibc.node",
            "a/lib/binding/node-v127-linux-x64/a.node",
        ] {
            assert!(other(path), "{path}");
        }
        for path in [
            "better-sqlite3/build/Release/better_sqlite3.node",
            "a/prebuilds/linux-x64/a.node",
            "a/prebuilds/linux-arm+x64/a.node",
            "@x/binding-linux-x64-gnu/a.node",
            "winston-addon/a.node",
            "isolated-vm/prebuilds/linux-x64/isolated-vm.abi137.glibc.node",
            "a/lib/binding/node-v137-linux-x64/a.node",
            "a/lib/binding/napi-v8-linux-glibc-x64/a.node",
            "node-v8-profiler/build/Release/a.node",
        ] {
            assert!(!other(path), "{path}");
        }
        let musl = Platform { libc: Some(Libc::Musl), ..glibc.clone() };
        assert!(is_for_another("x.linux-x64-gnu.node", &musl));
        assert!(!is_for_another("x.linux-x64-gnu.node", &Platform { libc: None, ..musl }));
        assert_eq!((cpu("amd64"), cpu("arm64"), cpu("ppc64le")), ("x64", "arm64", "ppc64"));
    }
}
