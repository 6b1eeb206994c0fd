//! Node's version, without running it.

use std::io::{self, Read};

/// Begins the name of the archive with its headers, in the address that `process.release` tells.
const NAME: &[u8] = b"node-v";
/// Bytes read at once.
const CHUNK: usize = 1 << 17;
/// Longest version that is looked for behind the name.
const LONGEST: usize = 32;

/// `NODE_MODULE_VERSION` of each release line (Node's `doc/abi_version_registry.json`).
const MODULE_VERSIONS: &[(u32, u32)] =
    &[(16, 93), (17, 102), (18, 108), (19, 111), (20, 115), (21, 120), (22, 127), (23, 131), (24, 137), (25, 141)];

/// The version that a program of Node's has in its address of headers: `node-v24.1.0-headers.tar.gz`.
pub(crate) fn version_in(data: &mut dyn Read) -> io::Result<Option<String>> {
    let mut window = Vec::with_capacity(CHUNK + LONGEST);
    loop {
        let read = data.take(CHUNK as u64).read_to_end(&mut window)?;
        let is_last = read == 0;
        let end = if is_last { window.len() } else { window.len().saturating_sub(LONGEST) };
        if let Some(version) = search(&window, end) {
            return Ok(Some(version));
        }
        if is_last {
            return Ok(None);
        }
        // A name that is cut by the chunk's end is found in the next one.
        window.drain(..end.saturating_sub(NAME.len()));
    }
}

/// The first version whose name begins before `end`.
fn search(window: &[u8], end: usize) -> Option<String> {
    let mut from = 0;
    while let Some(dash) = window[from..end].iter().position(|byte| *byte == b'-') {
        let at = from + dash + 2;
        let is_named = at <= window.len() && window[..at].ends_with(NAME);
        if let Some(version) = is_named.then(|| version(&window[at..])).flatten() {
            return Some(version);
        }
        from += dash + 1;
    }
    None
}

/// `1.2.3` in front of anything that is neither a digit nor a letter.
fn version(text: &[u8]) -> Option<String> {
    let length = text.iter().take(LONGEST).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let version = std::str::from_utf8(&text[..length]).ok()?.trim_end_matches('.');
    let parts: Vec<&str> = version.split('.').collect();
    let is_whole = parts.len() == 3 && parts.iter().all(|part| !part.is_empty());
    let ends = text.get(version.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (is_whole && ends).then(|| version.to_owned())
}

/// What the headers of Node define as `NODE_<name>`.
pub(crate) fn defined(header: &str, name: &str) -> Option<u32> {
    let start = format!("#define NODE_{name} ");
    header.lines().find_map(|line| line.strip_prefix(&start))?.trim().parse().ok()
}

/// The version that the headers of Node tell.
pub fn node_version_of_header(header: &str) -> Option<String> {
    let number = |name| defined(header, name);
    Some(format!("{}.{}.{}", number("MAJOR_VERSION")?, number("MINOR_VERSION")?, number("PATCH_VERSION")?))
}

/// `NODE_MODULE_VERSION` of a version; none of a release line that is not known here.
pub fn module_version(version: &str) -> Option<u32> {
    let major: u32 = version.split('.').next()?.parse().ok()?;
    MODULE_VERSIONS.iter().find(|(line, _)| *line == major).map(|(_, module)| *module)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &[u8]) -> Option<String> {
        version_in(&mut &*text).unwrap()
    }

    #[test]
    fn the_version_is_found_wherever_a_chunk_ends() {
        let name = b"https://nodejs.org/download/release/v24.21.0/node-v24.21.0-headers.tar.gz\0";
        for before in (CHUNK - 80..CHUNK + 40).chain([0, 1, 5]) {
            let text = [&vec![b'-'; before][..], name].concat();
            assert_eq!(found(&text).as_deref(), Some("24.21.0"), "{before}");
        }
        assert_eq!(found(b"node-v24.21.0.tar.gz").as_deref(), Some("24.21.0"));
        for other in [&b"node-v24.21"[..], b"node-v", b"node-v1.2.3x", b"", b"-v", b"node-v..", b"-"] {
            assert_eq!(found(other), None, "{other:?}");
        }
    }

    #[test]
    fn headers_tell_the_version() {
        let text = "#define NODE_MAJOR_VERSION 24\n#define NODE_MINOR_VERSION 21\n#define NODE_PATCH_VERSION 0\n";
        assert_eq!(node_version_of_header(text).as_deref(), Some("24.21.0"));
        assert_eq!(defined("#define NODE_MODULE_VERSION 137\n", "MODULE_VERSION"), Some(137));
        assert_eq!(node_version_of_header("#define NODE_MAJOR_VERSION 24\n"), None);
        assert_eq!((module_version("24.21.0"), module_version("99.0.0")), (Some(137), None));
    }
}
