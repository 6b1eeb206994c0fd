//! Root file systems by content: made once, shared by all builds of a user.

use std::path::{Path, PathBuf};

use process::{EngineError, Interrupt, Reporter, as_step, fs};

use crate::fetch::Fetcher;
use crate::kinds::{Architecture, RootSet};
use crate::lock::{NpmPackage, Platform, RootLock};
use crate::npmrc::Registry;
use crate::tree::Tree;
use crate::{digest, environment, finish, marker, node, npm, packages};

/// Changes whenever the same lock gives other files.
const LAYOUT: u32 = 2;

/// Where Debian's `python3-pip-whl` keeps its wheel.
const WHEELS: &str = "usr/share/python-wheels";

/// A root file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where it is. Nothing may be written there.
    pub path: PathBuf,
    /// What it is made of: equal digests, equal files.
    pub digest: String,
    /// The version of Node in it.
    pub node_version: String,
}

/// Strips a program of its symbols, in place. It is called with a file in a root that is being made.
pub type Strip<'a> = &'a dyn Fn(&Path) -> Result<(), EngineError>;

/// Makes root file systems, or finds them made.
pub struct Roots<'a> {
    /// The folder that all builds of this user share.
    pub shared: &'a Path,
    /// Debian mirrors, as URLs or lines of sources.list; empty for this machine's or Debian's own.
    pub mirrors: &'a [String],
    /// A proxy's certificates, in PEM form; else those that the environment names. The system's are trusted, too.
    pub ca_file: Option<&'a Path>,
    /// Stops the work.
    pub interrupt: &'a Interrupt,
    /// Is told what is being done.
    pub reporter: &'a dyn Reporter,
}

impl Roots<'_> {
    /// The root file system of a set, for this machine. With `strip`, Node in it has no symbols.
    ///
    /// # Errors
    /// The lock has nothing for this machine, something cannot be fetched or unpacked, or `strip` failed.
    pub fn prepare(&self, lock: &RootLock, set: RootSet, strip: Option<Strip<'_>>) -> Result<Root, EngineError> {
        let architecture = Architecture::of_host()?;
        let platform = lock.platform(architecture)?;
        let digest = digest_of(lock, platform, set, architecture, strip.is_some());
        let path = self.made(set.name(), &digest, |tree| self.fill(tree, lock, set, architecture, strip))?;
        Ok(Root { path, digest, node_version: platform.node.version.clone() })
    }

    /// A package of the npm registry, unpacked: Yarn, for a repository that does not carry it. Without
    /// `integrity` the registry's own is taken.
    ///
    /// # Errors
    /// The registry does not have it, or it is not what `integrity` names.
    pub fn npm_package(&self, name: &str, version: &str, integrity: Option<&str>) -> Result<PathBuf, EngineError> {
        let text = format!("{name}@{version} {}", integrity.unwrap_or_default());
        let digest = digest::sha256(text.as_bytes());
        let label = format!("npm-{}-{version}", name.trim_start_matches('@').replace('/', "-"));
        self.made(&label, &digest, |tree| {
            let registry = Registry::find();
            let fetcher = self.fetcher()?;
            let package = match integrity {
                Some(integrity) => {
                    NpmPackage { name: name.to_owned(), version: version.to_owned(), integrity: integrity.to_owned() }
                }
                None => npm::newest(&fetcher, &registry, name, version)?,
            };
            let archive = npm::fetch(&fetcher, &registry, &package)?;
            npm::unpack(&archive, tree, "", |_| true)
        })
    }

    /// What the install scripts of added packages would have made of the root, which nobody runs: a sentence
    /// for each package with a script that does more than this module does itself.
    ///
    /// # Errors
    /// A package cannot be read.
    pub fn not_run(&self, lock: &RootLock, set: RootSet) -> Result<Vec<String>, EngineError> {
        let platform = lock.platform(Architecture::of_host()?)?;
        let own = platform.sets.get(&set).map_or(&[][..], Vec::as_slice);
        let added = platform.packages_of(set).into_iter().filter(|package| !own.contains(&package.name));
        packages::not_run(&self.fetcher()?, added)
    }

    /// pip, unpacked: a folder with its wheel; nothing where the lock has none.
    ///
    /// # Errors
    /// It cannot be fetched or unpacked.
    pub fn pip(&self, lock: &RootLock) -> Result<Option<PathBuf>, EngineError> {
        let Some(pip) = &lock.platform(Architecture::of_host()?)?.pip else { return Ok(None) };
        let made = self.made("pip", &digest::sha256(pip.sha256.as_bytes()), |tree| {
            let fetcher = self.fetcher()?;
            packages::fetch(&fetcher, self.mirrors, &[pip])?;
            packages::unpack(&fetcher, &[pip], tree, RootSet::Builder)
        })?;
        Ok(Some(made.join(WHEELS)))
    }

    pub(crate) fn fetcher(&self) -> Result<Fetcher<'_>, EngineError> {
        Ok(Fetcher {
            folder: self.shared.join("downloads"),
            ca_file: self.certificates()?,
            interrupt: self.interrupt,
            reporter: self.reporter,
        })
    }

    pub(crate) fn certificates(&self) -> Result<Option<PathBuf>, EngineError> {
        environment::certificates(self.shared, self.ca_file)
    }

    /// A folder by the digest of what it is made of; `fill` makes it, when it is not there or not whole.
    /// Another process that wants the same waits.
    pub(crate) fn made(
        &self,
        label: &str,
        digest: &str,
        fill: impl FnOnce(&Tree) -> Result<(), EngineError>,
    ) -> Result<PathBuf, EngineError> {
        let roots = self.shared.join("roots");
        let name = format!("{label}-{}", &digest[..16]);
        let (folder, mark) = (roots.join(&name), roots.join(format!("{name}.mark")));
        if marker::is_whole(&folder, &mark, digest) {
            return Ok(folder);
        }
        fs::create(&roots)?;
        let _lock = fs::lock(&roots.join(format!("{name}.lock")), self.interrupt)?;
        if marker::is_whole(&folder, &mark, digest) {
            return Ok(folder);
        }
        as_step(crate::STEP, self.reporter, || {
            let partial = roots.join(format!(".{name}"));
            fs::remove(&partial)?;
            fs::create_open(&partial)?;
            fill(&Tree::at(&partial))?;
            fs::replace(&partial, &folder)?;
            marker::write(&folder, &mark, digest)
        })?;
        Ok(folder)
    }

    fn fill(
        &self,
        tree: &Tree,
        lock: &RootLock,
        set: RootSet,
        architecture: Architecture,
        strip: Option<Strip<'_>>,
    ) -> Result<(), EngineError> {
        let platform = lock.platform(architecture)?;
        let packages = platform.packages_of(set);
        crate::say(self.reporter, &format!("{}: {} packages", set.name(), packages.len()));
        let fetcher = self.fetcher()?;
        packages::fetch(&fetcher, self.mirrors, &packages)?;
        finish::begin(tree, architecture)?;
        // Packages that are added may use anything of those they depend on.
        let is_whole = platform.additions_to(set).is_some();
        packages::unpack(&fetcher, &packages, tree, if is_whole { RootSet::Slim } else { set })?;
        finish::complete(tree, set)?;
        let downloads = node::fetch(&fetcher, &platform.node, (set != RootSet::Minimal).then_some(&lock.npm))?;
        node::lay_out(tree, &downloads, set)?;
        match strip {
            Some(strip) => strip(&tree.root().join(node::PROGRAM)),
            None => Ok(()),
        }
    }
}

pub(crate) fn digest_of(
    lock: &RootLock,
    platform: &Platform,
    set: RootSet,
    architecture: Architecture,
    strip: bool,
) -> String {
    let mut text = format!("layout {LAYOUT}\n{} {} {}\n", set.name(), lock.release, architecture.debian());
    let packages = platform.packages_of(set);
    let mut lines: Vec<&str> = packages.iter().map(|package| package.sha256.as_str()).collect();
    lines.push(&platform.node.integrity);
    if set != RootSet::Minimal {
        lines.push(&lock.npm.integrity);
    }
    if platform.additions_to(set).is_some() {
        lines.push("additions");
    }
    if strip {
        // Another binutils may strip in another way.
        let tools = platform.packages.iter().filter(|package| package.name.contains("binutils"));
        lines.extend(tools.map(|package| package.sha256.as_str()));
        lines.push("stripped");
    }
    text += &lines.join("\n");
    digest::sha256(text.as_bytes())
}
