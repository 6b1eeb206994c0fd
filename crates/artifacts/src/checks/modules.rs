//! Names of modules.

/// Modules that Node brings along (`module.builtinModules` of Node 24); with `node:` before them there are more.
const BUILTIN: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "sys",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// The package that a module is part of, when it is one that has to be installed: not Node's own, no path, no
/// import of the package's own map (`#name`), no address.
pub(crate) fn package_of(module: &str) -> Option<&str> {
    let mut slashes = module.match_indices('/').map(|(at, _)| at);
    let end = if module.starts_with('@') { slashes.nth(1) } else { slashes.next() };
    let name = &module[..end.unwrap_or(module.len())];
    let bare = name.strip_prefix('@').unwrap_or(name);
    let has_parts = bare.split('/').all(is_part) && name.contains('/') == name.starts_with('@');
    (has_parts && !BUILTIN.contains(&name) && !is_inner(name)).then_some(name)
}

/// A part of a package's name (npm, `validate-npm-package-name`).
fn is_part(part: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    part.starts_with(|first: char| first != '.') && part.bytes().all(fits)
}

/// Parts of Node that are not documented and can be required all the same.
fn is_inner(name: &str) -> bool {
    ["_http_", "_stream_", "_tls_"].iter().any(|start| name.starts_with(start))
}

/// Whether a module is a path seen from the script.
pub(crate) fn is_relative(module: &str) -> bool {
    [".", ".."].contains(&module) || module.starts_with("./") || module.starts_with("../")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_modules() {
        for (module, package) in [
            ("express", Some("express")),
            ("lodash/fp", Some("lodash")),
            ("@backstage/errors", Some("@backstage/errors")),
            ("@internal/x/alpha/deep.js", Some("@internal/x")),
            ("fs-extra", Some("fs-extra")),
            ("JSONStream", Some("JSONStream")),
        ] {
            assert_eq!(package_of(module), package, "{module}");
        }
    }

    #[test]
    fn what_is_not_installed() {
        for module in [
            "fs",
            "fs/promises",
            "node:sqlite",
            "util/types",
            "_http_common",
            "./x",
            "../x",
            ".",
            "..",
            "/x",
            "#internal",
            "data:text/javascript,1",
            "file:///x",
            "https://x.example/y.js",
            "@scope",
            "@/x",
            "",
            "@",
            "a b",
            "${x}",
        ] {
            assert_eq!(package_of(module), None, "{module}");
        }
    }
}
