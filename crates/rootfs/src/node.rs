//! Node and npm below `/usr/local`, as the official images have them.

use std::path::{Path, PathBuf};

use process::EngineError;

use crate::fetch::Fetcher;
use crate::kinds::RootSet;
use crate::lock::NpmPackage;
use crate::npmrc::Registry;
use crate::tree::Tree;
use crate::{finish, npm};

/// Node's path in a root.
pub(crate) const PROGRAM: &str = "usr/local/bin/node";
/// npm's.
const NPM: &str = "usr/local/lib/node_modules/npm";

/// Archives of Node, and of npm where it goes in.
pub(crate) struct Downloads {
    node: PathBuf,
    npm: Option<PathBuf>,
}

/// Fetches them.
///
/// # Errors
/// The registry does not have one, or it is not what the lock names.
pub(crate) fn fetch(
    fetcher: &Fetcher<'_>,
    node: &NpmPackage,
    npm: Option<&NpmPackage>,
) -> Result<Downloads, EngineError> {
    let registry = Registry::find();
    let node = npm::fetch(fetcher, &registry, node)?;
    let npm = npm.map(|package| npm::fetch(fetcher, &registry, package)).transpose()?;
    Ok(Downloads { node, npm })
}

/// Lays them out; the headers, which native addons are compiled with, in the builder only.
///
/// # Errors
/// An archive is damaged, or the disk refused.
pub(crate) fn lay_out(tree: &Tree, downloads: &Downloads, set: RootSet) -> Result<(), EngineError> {
    npm::unpack(&downloads.node, tree, "usr/local", |path| is_needed(path, set == RootSet::Builder))?;
    let Some(archive) = &downloads.npm else { return Ok(()) };
    npm::unpack(archive, tree, NPM, |path| !["docs", "man"].iter().any(|folder| path.starts_with(folder)))?;
    finish::link(tree, "usr/local/bin/npm", "../lib/node_modules/npm/bin/npm-cli.js")?;
    finish::link(tree, "usr/local/bin/npx", "../lib/node_modules/npm/bin/npx-cli.js")
}

/// Node carries OpenSSL's settings for every platform; a build reads one of them.
fn is_needed(path: &Path, headers: bool) -> bool {
    let platforms = Path::new("include/node/openssl/archs");
    let own = format!("linux-{}", std::env::consts::ARCH);
    match path.strip_prefix(platforms) {
        Ok(platform) => headers && (platform == Path::new("") || platform.starts_with(own)),
        Err(_) => path.starts_with("bin") || path == Path::new("LICENSE") || (headers && path.starts_with("include")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_for_the_builder_and_for_this_machine() {
        let own = format!("include/node/openssl/archs/linux-{}/asm/a.h", std::env::consts::ARCH);
        for path in ["bin/node", "include/node/node.h", "LICENSE", own.as_str()] {
            assert!(is_needed(Path::new(path), true), "{path}");
        }
        for path in ["include/node/openssl/archs/aix64-gcc/a.h", "README.md", "share/doc/node/gdbinit"] {
            assert!(!is_needed(Path::new(path), true), "{path}");
        }
        assert!(!is_needed(Path::new("include/node/node.h"), false));
    }
}
