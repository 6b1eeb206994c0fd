//! A set's packages: fetched, unpacked by several threads, written by one in the order of their names.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

use process::EngineError;

use crate::deb::{self, Deb};
use crate::digest::Hash;
use crate::fetch::{Download, Fetcher};
use crate::kinds::RootSet;
use crate::lock::DebianPackage;
use crate::mirror::Mirrors;
use crate::sets;
use crate::tree::Tree;

/// Most threads that decompress: a package is in memory while it waits to be written.
const MAX_THREADS: usize = 4;
/// What to do about a package that Debian replaced by a newer one.
const GONE: &str = "Debian replaced it by a newer one: run `cargo xtask base-image --update`; or name a mirror that \
    keeps it, such as http://snapshot.debian.org/archive/debian/DATE, with `--mirror URL`";
/// Where scanners look for the packages of an image without dpkg.
const STATUS: &str = "var/lib/dpkg/status.d";

/// Fetches what is not there yet.
///
/// # Errors
/// A mirror does not have it, or it is not what the lock names.
pub(crate) fn fetch(fetcher: &Fetcher<'_>, mirrors: &[String], packages: &[&DebianPackage]) -> Result<(), EngineError> {
    let hash = |package: &DebianPackage| Hash::Sha256(package.sha256.clone());
    let missing = packages.iter().filter(|package| !hash(package).fits(&fetcher.path(&hash(package))));
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() {
        return Ok(());
    }
    // It may have to ask apt, which takes a while.
    let mirrors = Mirrors::find(mirrors);
    let wanted = missing.into_iter().map(|package| Download {
        what: format!("the package {} {}", package.name, package.version),
        address: mirrors.address(&package.path),
        hash: hash(package),
    });
    fetcher.fetch(&wanted.collect::<Vec<_>>(), &[], GONE)
}

/// Unpacks them into the tree, without documentation.
///
/// # Errors
/// One is damaged, or the disk refused.
pub(crate) fn unpack(
    fetcher: &Fetcher<'_>,
    packages: &[&DebianPackage],
    tree: &Tree,
    set: RootSet,
) -> Result<(), EngineError> {
    let files: Vec<PathBuf> =
        packages.iter().map(|package| fetcher.path(&Hash::Sha256(package.sha256.clone()))).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    std::thread::scope(|scope| {
        // Each thread reads every n-th package; so taking from them in turn keeps the order.
        let readers = (0..threads).map(|first| {
            let (sender, receiver) = sync_channel(1);
            let own: Vec<&PathBuf> = files.iter().skip(first).step_by(threads).collect();
            scope.spawn(move || own.into_iter().map(|file| deb::read(file)).all(|deb| sender.send(deb).is_ok()));
            receiver
        });
        let readers: Vec<Receiver<Result<Deb, EngineError>>> = readers.collect();
        for (package, reader) in packages.iter().zip(readers.iter().cycle()) {
            if fetcher.interrupt.is_set() {
                return Err(EngineError::Interrupted);
            }
            let Ok(deb) = reader.recv() else { return Err(EngineError::Interrupted) };
            write(tree, package, &deb?, set)?;
        }
        Ok(())
    })
}

/// What install scripts call to make files that no package holds.
const MAKERS: &[&str] = &[
    "addgroup",
    "adduser",
    "fc-cache",
    "gdk-pixbuf-query-loaders",
    "glib-compile-schemas",
    "groupadd",
    "ldconfig",
    "systemd-sysusers",
    "update-alternatives",
    "update-ca-certificates",
    "update-mime-database",
    "useradd",
];

/// The packages whose install scripts would have made something, and by what.
///
/// # Errors
/// One cannot be read.
pub(crate) fn not_run<'a>(
    fetcher: &Fetcher<'_>,
    packages: impl Iterator<Item = &'a DebianPackage>,
) -> Result<Vec<String>, EngineError> {
    let mut found = Vec::new();
    for package in packages {
        let script = deb::install_script(&fetcher.path(&Hash::Sha256(package.sha256.clone())))?;
        let makers = makers(&script);
        if !makers.is_empty() {
            found.push(format!("{} calls {} when it is installed", package.name, makers.join(", ")));
        }
    }
    Ok(found)
}

fn makers(script: &str) -> Vec<&'static str> {
    let lines = script.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    let words: Vec<&str> = words.collect();
    // Alternatives of earlier releases are removed by packages that have none.
    let is_made = |maker: &str| maker != "update-alternatives" || words.contains(&"--install");
    MAKERS.iter().filter(|maker| words.contains(maker) && is_made(maker)).copied().collect()
}

fn write(tree: &Tree, package: &DebianPackage, deb: &Deb, set: RootSet) -> Result<(), EngineError> {
    tree.unpack(deb.data.as_slice(), |path| {
        let path = path.strip_prefix(".").unwrap_or(path);
        sets::is_useful(set, &path.to_string_lossy()).then(|| path.to_owned())
    })?;
    if set == RootSet::Builder {
        return Ok(());
    }
    let status = Path::new(STATUS).join(&package.name);
    tree.file(&status.to_string_lossy(), 0o644, deb.control.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_by_what_it_calls() {
        let script = "#!/bin/sh\n# ldconfig\nset -e\nif [ \"$1\" = configure ]; then\n  \
            /usr/sbin/update-alternatives --install /usr/bin/a a /usr/bin/b 1;ldconfig\nfi\n";
        assert_eq!(makers(script), ["ldconfig", "update-alternatives"]);
        assert!(makers("update-alternatives --remove rename /usr/bin/prename\n").is_empty());
        assert!(makers("py3compile -p python3\nmy-ldconfig\nif which update-alternative; then :; fi\n").is_empty());
    }
}
