//! What the maintainer scripts of packages would have made, and what a sandbox needs to be there.

use std::path::Path;

use process::EngineError;

use crate::kinds::{Architecture, RootSet};
use crate::tree::Tree;

/// Where Debian keeps the certificates of the CAs that it trusts.
const CERTIFICATES: &str = "usr/share/ca-certificates/mozilla";
/// Where programs look for all of them.
const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

/// Folders that a sandbox or an image mounts or writes: path and mode.
const FOLDERS: &[(&str, u32)] = &[
    ("dev", 0o755),
    ("proc", 0o755),
    ("sys", 0o755),
    ("run", 0o755),
    ("tmp", 0o1777),
    ("var/tmp", 0o1777),
    ("root", 0o700),
    ("home/node", 0o755),
    ("app", 0o755),
];
/// More of them, where steps run.
const BUILDER_FOLDERS: &[(&str, u32)] = &[("cache", 0o755), ("run/secrets", 0o755), ("out", 0o755)];

/// Links that Debian's alternatives would be, and the compilers in front of which ccache stands.
const BUILDER_LINKS: &[(&str, &str)] = &[
    ("usr/bin/cc", "gcc"),
    ("usr/bin/c++", "g++"),
    ("usr/lib/ccache/cc", "../../bin/ccache"),
    ("usr/lib/ccache/c++", "../../bin/ccache"),
    ("usr/lib/ccache/gcc", "../../bin/ccache"),
    ("usr/lib/ccache/g++", "../../bin/ccache"),
];
/// The same, wherever there is what they lead to: link, target.
const SHELL_LINKS: &[(&str, &str)] =
    &[("usr/bin/awk", "mawk"), ("usr/bin/sh", "dash"), ("usr/bin/which", "which.debianutils")];

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
    node:x:1000:1000:node:/home/node:/bin/sh\n\
    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n";
const NSSWITCH: &str = "passwd: files\ngroup: files\nhosts: files dns\n";
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

/// Lays out the merged `/usr`, before any package: some still name `/bin` or `/lib`.
///
/// # Errors
/// The disk refused.
pub(crate) fn begin(tree: &Tree, architecture: Architecture) -> Result<(), EngineError> {
    let wide = (architecture == Architecture::Amd64).then_some("lib64");
    for name in ["bin", "lib", "sbin"].into_iter().chain(wide) {
        let target = format!("usr/{name}");
        folder(tree, &target, 0o755)?;
        link(tree, name, &target)?;
    }
    Ok(())
}

/// Adds what no package ships.
///
/// # Errors
/// The disk refused.
pub(crate) fn complete(tree: &Tree, set: RootSet) -> Result<(), EngineError> {
    let builder = if set == RootSet::Builder { BUILDER_FOLDERS } else { &[] };
    FOLDERS.iter().chain(builder).try_for_each(|(path, mode)| folder(tree, path, *mode))?;
    for (path, text) in [
        ("etc/passwd", PASSWD),
        ("etc/group", GROUP),
        ("etc/nsswitch.conf", NSSWITCH),
        ("etc/hosts", HOSTS),
        ("etc/resolv.conf", ""),
    ] {
        tree.file(path, 0o644, text.as_bytes())?;
    }
    bundle(tree)?;
    links(tree, set)
}

fn links(tree: &Tree, set: RootSet) -> Result<(), EngineError> {
    let builder = if set == RootSet::Builder { BUILDER_LINKS } else { &[] };
    let is_there = |link: &&(&str, &str)| tree.root().join("usr/bin").join(link.1).exists();
    for (path, target) in builder.iter().chain(SHELL_LINKS.iter().filter(is_there)) {
        if !tree.root().join(path).is_symlink() {
            link(tree, path, target)?;
        }
    }
    Ok(())
}

/// Writes all certificates into one file, by name, as update-ca-certificates does.
fn bundle(tree: &Tree) -> Result<(), EngineError> {
    let reading = || EngineError::io(format!("reading {CERTIFICATES}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(tree.root().join(CERTIFICATES)).map_err(reading())? {
        files.push(entry.map_err(reading())?.path());
    }
    files.sort();
    let mut text = Vec::new();
    for file in files {
        text.extend(std::fs::read(file).map_err(reading())?);
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
    }
    tree.file(BUNDLE, 0o644, &text)
}

pub(crate) fn folder(tree: &Tree, path: &str, mode: u32) -> Result<(), EngineError> {
    let made = tree.folder(Path::new(path), mode);
    made.map_err(EngineError::io(format!("creating {path}")))
}

pub(crate) fn link(tree: &Tree, path: &str, target: &str) -> Result<(), EngineError> {
    let made = tree.link(Path::new(path), Path::new(target));
    made.map_err(EngineError::io(format!("linking {path}")))
}
