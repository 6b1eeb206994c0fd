//! The npm registry without npm: Node, npm and Yarn are packages there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use process::EngineError;
use serde::Deserialize;

use crate::digest;
use crate::fetch::{Download, Fetcher};
use crate::lock::{NpmPackage, UPDATE};
use crate::npmrc::Registry;
use crate::tree::Tree;

/// The short form of a package's metadata, which every registry has.
const SHORT: &str = "accept: application/vnd.npm.install-v1+json";

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    versions: BTreeMap<String, Version>,
}

#[derive(Debug, Deserialize)]
struct Version {
    dist: Dist,
}

#[derive(Debug, Deserialize)]
struct Dist {
    integrity: Option<String>,
}

/// The newest version of a package in a release line ("24", "24.21"), or the exact one.
///
/// # Errors
/// The registry does not answer, or has no such version.
pub(crate) fn newest(
    fetcher: &Fetcher<'_>,
    registry: &Registry,
    name: &str,
    wanted: &str,
) -> Result<NpmPackage, EngineError> {
    let mut headers = registry.headers();
    headers.push(SHORT.to_owned());
    let missing = |details: Vec<String>| EngineError::Missing {
        what: format!("the npm registry has no {name}@{wanted}"),
        details,
        hint: hint_for(name).to_owned(),
    };
    let text = fetcher.text(name, &registry.metadata(name), &headers)?.ok_or_else(|| missing(Vec::new()))?;
    let metadata: Metadata =
        serde_json::from_str(&text).map_err(|error| missing(vec![format!("its answer is no metadata: {error}")]))?;
    let versions = metadata.versions.iter().filter_map(|(version, entry)| Some((version, hash_of(entry)?)));
    let chosen = versions.filter(|(version, _)| fits(version, wanted)).max_by_key(|(version, _)| numbers(version));
    let (version, integrity) = chosen.ok_or_else(|| missing(Vec::new()))?;
    Ok(NpmPackage { name: name.to_owned(), version: version.clone(), integrity: integrity.to_owned() })
}

fn hint_for(name: &str) -> &'static str {
    match name {
        "npm" => "the registry lacks npm itself: ask another one, by `npm_config_registry` or `registry` in ~/.npmrc",
        _ if name.starts_with("node-linux-") => {
            "ask for another version of Node, in `engines` or .nvmrc of the repository or with `--node VERSION`"
        }
        _ => "ask for another version, in `packageManager` of the repository",
    }
}

fn hash_of(version: &Version) -> Option<&str> {
    // Older packages list several hashes.
    let hashes = version.dist.integrity.as_deref()?.split_whitespace();
    hashes.into_iter().find(|hash| digest::of_integrity(hash).is_some())
}

/// Whether a version is of a release line, or is the one asked for. Only by its own name is a preview.
pub(crate) fn fits(version: &str, wanted: &str) -> bool {
    let wanted = wanted.trim().trim_start_matches('v');
    version == wanted
        || (!version.contains('-') && version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.')))
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map(|part| part.parse().unwrap_or_default()).collect()
}

/// Fetches a locked package; gives its archive.
///
/// # Errors
/// The registry has it no longer, or it is not what the lock names.
pub(crate) fn fetch(fetcher: &Fetcher<'_>, registry: &Registry, package: &NpmPackage) -> Result<PathBuf, EngineError> {
    let NpmPackage { name, version, integrity } = package;
    let hash = digest::of_integrity(integrity).ok_or_else(|| EngineError::Missing {
        what: format!("{name}@{version} has no sha512 integrity"),
        details: vec![format!("found {integrity}")],
        hint: UPDATE.to_owned(),
    })?;
    let what = format!("{name}@{version}");
    let wanted = Download { what, address: registry.archive(name, version), hash };
    let gone = "the registry has it no longer: ask for another version, or make the lock anew with \
        `cargo xtask base-image --update`";
    fetcher.fetch(std::slice::from_ref(&wanted), &registry.headers(), gone)?;
    Ok(fetcher.path(&wanted.hash))
}

/// Unpacks an archive into a folder of the tree, without the folder that wraps it. `keep` is asked with the
/// path inside the package.
///
/// # Errors
/// It is no archive, or reaches outside.
pub(crate) fn unpack(archive: &Path, tree: &Tree, to: &str, keep: impl Fn(&Path) -> bool) -> Result<(), EngineError> {
    let file = File::open(archive).map_err(EngineError::io(format!("reading {}", archive.display())))?;
    tree.unpack(MultiGzDecoder::new(BufReader::new(file)), |path| {
        let mut parts = path.components();
        parts.next();
        let inside = parts.as_path();
        (inside != Path::new("") && keep(inside)).then(|| Path::new(to).join(inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_a_line_is_chosen_by_number() {
        let all = ["24.9.0", "24.21.0", "24.22.0-rc.1", "2.24.0", "240.1.0"];
        let newest = |wanted| all.into_iter().filter(|version| fits(version, wanted)).max_by_key(|v| numbers(v));
        assert_eq!(newest("24"), Some("24.21.0"));
        assert_eq!(newest("v24.9"), Some("24.9.0"));
        assert_eq!(newest("24.22.0-rc.1"), Some("24.22.0-rc.1"));
        assert_eq!(newest("25"), None);
    }

    #[test]
    fn a_sha512_is_found_among_other_hashes() {
        let strong = format!("sha512-{}==", "A".repeat(86));
        let dist = |integrity: &str| Version { dist: Dist { integrity: Some(integrity.to_owned()) } };
        assert_eq!(hash_of(&dist(&format!("sha1-AAAA {strong}"))), Some(strong.as_str()));
        assert_eq!(hash_of(&dist("sha1-AAAA")), None);
    }
}
