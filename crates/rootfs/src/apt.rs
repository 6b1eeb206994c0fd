//! A private apt: it verifies a release's signature and resolves dependencies, in a folder of our own. It
//! reads nothing of the machine's apt but its programs and Debian's keyring, writes nothing of it, and
//! needs no root.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image::debian;
use process::{EngineError, Interrupt, Invocation, Reporter};

use crate::environment::with_proxies;
use crate::kinds::Architecture;
use crate::lock::DebianPackage;
use crate::mirror::Mirrors;

/// Where Debian's keys are, on Debian and on Ubuntu.
const KEYRINGS: &[&str] = &[
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-trixie-stable.pgp",
    "/usr/share/keyrings/debian-archive-trixie-stable.gpg",
];
/// What installs and configures packages.
const INSTALLERS: &[&str] = &["debconf", "dpkg", "install-info", "ucf"];
/// The way out on a machine without apt.
const OTHERWISE: &str = "or commit a lock that another machine made, or name an image with `--base IMAGE`";

/// What an apt of our own knows.
pub(crate) struct Source<'a> {
    /// For which machines.
    pub(crate) architecture: Architecture,
    /// Debian's release.
    pub(crate) release: &'a str,
    /// Where it is.
    pub(crate) mirrors: &'a Mirrors,
    /// Whether there are security updates.
    pub(crate) security: bool,
    /// Certificates to trust, in PEM form.
    pub(crate) ca_file: Option<&'a Path>,
}

/// An apt of our own.
pub(crate) struct Apt {
    program: PathBuf,
    cache: PathBuf,
    config: PathBuf,
}

impl Apt {
    /// Lays out its folder.
    ///
    /// # Errors
    /// apt or Debian's keyring is missing, or the folder cannot be written.
    pub(crate) fn open(folder: &Path, source: &Source<'_>) -> Result<Self, EngineError> {
        let (program, cache, keyring) = needed()?;
        for name in ["lists/partial", "archives/partial", "etc/apt.conf.d", "etc/preferences.d"] {
            std::fs::create_dir_all(folder.join(name)).map_err(EngineError::io("laying out apt's folder"))?;
        }
        let config = folder.join("apt.conf");
        let files = [
            (config.clone(), configuration(folder, source.architecture, source.ca_file)),
            (folder.join("sources.list"), sources(source, keyring)),
            (folder.join("status"), String::new()),
        ];
        for (file, text) in files {
            std::fs::write(&file, text).map_err(EngineError::io(format!("writing {}", file.display())))?;
        }
        Ok(Self { program, cache, config })
    }

    /// Fetches the package index, and verifies that Debian signed it.
    ///
    /// # Errors
    /// It cannot be fetched, or is not signed by Debian.
    pub(crate) fn update(&self, interrupt: &Interrupt, reporter: &dyn Reporter) -> Result<(), EngineError> {
        let command = self.command(&self.program).args(["update", "--error-on=any", "--quiet"]);
        let output = |line: &str| crate::say(reporter, line);
        command.stream(None, interrupt, output).map(drop).map_err(|error| crate::with_hint(error, NO_INDEX))
    }

    /// The named packages and all they depend on, on a machine that has none: `name=version`.
    ///
    /// # Errors
    /// There is no such package.
    pub(crate) fn closure(&self, names: &[&str]) -> Result<Vec<String>, EngineError> {
        self.simulated(names, &[])
    }

    /// The same, on a machine that has what installs and configures packages. Nobody does so in an image, and
    /// much depends on it for its install scripts only.
    ///
    /// # Errors
    /// There is no such package.
    pub(crate) fn closure_without_installers(&self, names: &[&str]) -> Result<Vec<String>, EngineError> {
        let installers = INSTALLERS.iter().filter(|name| !names.contains(name));
        // debconf(1) goes by another name, too.
        let stanza = |name: &&str| {
            format!(
                "Package: {name}\nStatus: install ok installed\nArchitecture: all\nMulti-Arch: foreign\n\
                 Version: 99:0\nProvides: {name}-2.0\nMaintainer: none\nDescription: none\n"
            )
        };
        let status = self.config.with_file_name("status-with-installers");
        let text: Vec<String> = installers.map(stanza).collect();
        std::fs::write(&status, text.join("\n")).map_err(EngineError::io(format!("writing {}", status.display())))?;
        self.simulated(names, &["-o".to_owned(), format!("Dir::State::status={}", status.display())])
    }

    fn simulated(&self, names: &[&str], options: &[String]) -> Result<Vec<String>, EngineError> {
        let command = self.command(&self.program).args(["install", "--simulate", "--quiet=2", "--yes"]).args(options);
        let text = command.args(names.iter().copied()).read()?;
        Ok(installed(&text))
    }

    /// What the index says about packages, given as `name=version`, or as `name` for the newest.
    ///
    /// # Errors
    /// The index lacks one.
    pub(crate) fn show(&self, packages: &[String]) -> Result<BTreeMap<String, DebianPackage>, EngineError> {
        let text = self.command(&self.cache).args(["show", "--no-all-versions"]).args(packages).read()?;
        let found = stanzas(&text);
        let is_there = |package: &str| found.contains_key(package) || found.values().any(|other| other.name == package);
        let missing = packages.iter().filter(|package| !is_there(package));
        let missing: Vec<String> = missing.map(|package| format!("{package}: no file with a SHA-256")).collect();
        if missing.is_empty() {
            return Ok(found.into_values().map(|package| (package.name.clone(), package)).collect());
        }
        let what = "Debian's package index lacks packages that apt chose".to_owned();
        Err(EngineError::Missing { what, details: missing, hint: "name another mirror with `--mirror URL`".to_owned() })
    }

    fn command(&self, program: &Path) -> Invocation {
        with_proxies(Invocation::new(program)).env("APT_CONFIG", self.config.as_os_str()).env("LC_ALL", "C")
    }
}

const NO_INDEX: &str = "name a Debian mirror that this machine reaches with `--mirror URL`; a missing key (NO_PUBKEY) \
    comes with a newer package debian-archive-keyring";

/// apt-get, apt-cache and the keyring; all that is missing at once.
fn needed() -> Result<(PathBuf, PathBuf, &'static str), EngineError> {
    let program = which::which("apt-get");
    let cache = which::which("apt-cache");
    let keyring = KEYRINGS.iter().find(|file| Path::new(file).is_file());
    if let (Ok(program), Ok(cache), Some(keyring)) = (&program, &cache, keyring) {
        return Ok((program.clone(), cache.clone(), keyring));
    }
    let mut details = Vec::new();
    if program.is_err() || cache.is_err() {
        details.push("apt-get and apt-cache (Debian and Ubuntu: apt)".to_owned());
    }
    if keyring.is_none() {
        details.push("Debian's keys (Debian and Ubuntu: debian-archive-keyring)".to_owned());
    }
    let what = "what chooses Debian packages and verifies their origin is missing".to_owned();
    Err(EngineError::Missing { what, details, hint: format!("install them, {OTHERWISE}") })
}

/// apt.conf(5). The machine's own configuration is not read, as `Dir::Etc` is ours.
fn configuration(folder: &Path, architecture: Architecture, ca_file: Option<&Path>) -> String {
    let place = |name: &str| folder.join(name).display().to_string();
    let mut settings = vec![
        ("Dir::State", place("")),
        ("Dir::State::lists", place("lists")),
        ("Dir::State::status", place("status")),
        ("Dir::Cache", place("")),
        ("Dir::Cache::archives", place("archives")),
        // 40 MB that only a second list of sources would make use of.
        ("Dir::Cache::srcpkgcache", String::new()),
        ("Dir::Etc", place("etc")),
        ("Dir::Etc::SourceList", place("sources.list")),
        ("Dir::Etc::SourceParts", "/dev/null".to_owned()),
        ("Dir::Log", place("log")),
        ("APT::Architecture", architecture.debian().to_owned()),
        ("APT::Architectures", architecture.debian().to_owned()),
        ("APT::Install-Recommends", "false".to_owned()),
        // Root's apt would fetch as the user _apt, who cannot write here.
        ("APT::Sandbox::User", "root".to_owned()),
        ("Acquire::Languages", "none".to_owned()),
        ("Acquire::Retries", "3".to_owned()),
    ];
    if let Some(file) = ca_file {
        settings.push(("Acquire::https::CaInfo", file.display().to_string()));
    }
    settings.iter().map(|(name, value)| format!("{name} \"{value}\";\n")).collect()
}

fn sources(source: &Source<'_>, keyring: &str) -> String {
    let Source { architecture, release, mirrors: Mirrors { debian, security }, .. } = source;
    let options = format!("[arch={} signed-by={keyring}]", architecture.debian());
    let mut suites = vec![(debian, release.to_string()), (debian, format!("{release}-updates"))];
    if source.security {
        suites.push((security, format!("{release}-security")));
    }
    suites.iter().map(|(mirror, suite)| format!("deb {options} {mirror} {suite} main\n")).collect()
}

/// `Inst name (version …)` lines of a simulation, as `name=version`.
fn installed(text: &str) -> Vec<String> {
    let packages = text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("Inst ")?.split_once(" (")?;
        let name = name.split([':', ' ']).next()?;
        Some(format!("{name}={}", rest.split(' ').next()?))
    });
    packages.collect()
}

/// Stanzas of a package index (deb822), by `name=version`; the first of equal ones.
fn stanzas(text: &str) -> BTreeMap<String, DebianPackage> {
    let mut found = BTreeMap::new();
    for package in debian::stanzas(text).filter_map(stanza) {
        found.entry(format!("{}={}", package.name, package.version)).or_insert(package);
    }
    found
}

fn stanza(text: &str) -> Option<DebianPackage> {
    let field = |name: &str| debian::field(text, name).map(str::to_owned);
    Some(DebianPackage {
        name: field("Package")?,
        version: field("Version")?,
        path: field("Filename")?,
        size: field("Size")?.parse().ok()?,
        sha256: field("SHA256")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulation_lists_what_would_be_installed() {
        let text = "Inst debconf (1.5.91 Debian:13.7/stable [all])\n\
            Inst libgcc-s1 (14.2.0-19 Debian:13.7/stable [amd64]) []\n\
            Inst zlib1g:amd64 (1:1.3-1+deb13u1 Debian-Security:13/stable-security [amd64])\n\
            Conf debconf (1.5.91 Debian:13.7/stable [all])\n";
        assert_eq!(installed(text), ["debconf=1.5.91", "libgcc-s1=14.2.0-19", "zlib1g=1:1.3-1+deb13u1"]);
    }

    #[test]
    fn a_stanza_gives_path_size_and_hash() {
        let text = "Package: zlib1g\nVersion: 1:1.3-1\nDescription: compression\n SHA256: not this\nSize: 88720\n\
            Filename: pool/main/z/zlib1g_1.3-1_amd64.deb\nSHA256: ab\n\nPackage: other\nVersion: 2\n";
        let found = stanzas(text);
        assert_eq!(found.len(), 1);
        let package = &found["zlib1g=1:1.3-1"];
        assert_eq!((package.size, package.sha256.as_str()), (88720, "ab"));
        assert_eq!(package.path, "pool/main/z/zlib1g_1.3-1_amd64.deb");
    }

    #[test]
    fn the_machines_apt_is_left_alone() {
        let text = configuration(Path::new("/state/apt"), Architecture::Arm64, Some(Path::new("/ca.pem")));
        for line in [
            "Dir::State::status \"/state/apt/status\";",
            "Dir::Etc \"/state/apt/etc\";",
            "APT::Architecture \"arm64\";",
            "Acquire::https::CaInfo \"/ca.pem\";",
        ] {
            assert!(text.contains(line), "{line}");
        }
    }
}
