//! From names to a lock: what the mirrors and the registry have today.

use std::collections::{BTreeMap, BTreeSet};

use process::{EngineError, as_step, fs};

use crate::apt::{Apt, Source};
use crate::kinds::{Architecture, RootSet};
use crate::lock::{Additions, NpmPackage, Platform, RELEASE, RootLock, is_release};
use crate::mirror::Mirrors;
use crate::npmrc::Registry;
use crate::store::Roots;
use crate::{npm, sets};

/// Debian's pip as a wheel, which Python runs as it is.
const PIP: &str = "python3-pip-whl";
const NO_PACKAGE: &str = "name a complete Debian mirror with `--mirror URL`";
const NO_ADDITION: &str = "fix `packages` of [runtime] in xtask.toml: Debian has a list at https://packages.debian.org; \
    or name a complete mirror with `--mirror URL`";

/// What a lock is asked to hold.
#[derive(Debug, Clone, Copy)]
pub struct LockRequest<'a> {
    /// Node's release line ("24") or exact version.
    pub node: &'a str,
    /// Debian's release, such as [`RELEASE`].
    pub release: &'a str,
    /// Debian packages that images hold besides what Node runs on.
    pub packages: &'a [String],
    /// Whether steps install Python packages.
    pub pip: bool,
}

impl Roots<'_> {
    /// A lock of what is newest today.
    ///
    /// # Errors
    /// apt is missing, Debian's signature is not valid, a package is not there, or a mirror or the registry
    /// does not answer.
    pub fn resolve(&self, wanted: LockRequest<'_>, architectures: &[Architecture]) -> Result<RootLock, EngineError> {
        let release = wanted.release;
        if !is_release(release) {
            return Err(EngineError::Missing {
                what: format!("no release of Debian is called {release:?}"),
                details: Vec::new(),
                hint: format!("name one such as {RELEASE}"),
            });
        }
        as_step(crate::STEP, self.reporter, || {
            let (fetcher, registry) = (self.fetcher()?, Registry::find());
            let npm = npm::newest(&fetcher, &registry, "npm", sets::NPM)?;
            let mut platforms = BTreeMap::new();
            for architecture in architectures {
                let name = format!("node-linux-{}", architecture.node());
                let node = npm::newest(&fetcher, &registry, &name, wanted.node)?;
                platforms.insert(*architecture, self.platform(*architecture, wanted, node)?);
            }
            Ok(RootLock::new(release, npm, platforms))
        })
    }

    fn platform(
        &self,
        architecture: Architecture,
        wanted: LockRequest<'_>,
        node: NpmPackage,
    ) -> Result<Platform, EngineError> {
        let release = wanted.release;
        let folder = self.shared.join("apt");
        fs::create(&folder)?;
        let _lock = fs::lock(&folder.join("lock"), self.interrupt)?;
        let mirrors = Mirrors::find(self.mirrors);
        let security = self.has_security(&mirrors, release)?;
        let ca_file = self.certificates()?;
        let source = Source { architecture, release, mirrors: &mirrors, security, ca_file: ca_file.as_deref() };
        let apt = Apt::open(&folder.join(format!("{release}-{}", architecture.debian())), &source)?;
        apt.update(self.interrupt, self.reporter)?;
        let chosen = closures(&apt)?;
        let added = additions(&apt, wanted.packages)?;
        let packages = apt.show(&sorted(chosen.values().flatten().chain(&added).cloned()))?.into_values().collect();
        let name = |package: &String| package.split('=').next().unwrap_or_default().to_owned();
        let sets = chosen.iter().map(|(set, packages)| (*set, sorted(packages.iter().map(name))));
        let additions = Additions { asked: wanted.packages.to_vec(), packages: sorted(added.iter().map(name)) };
        let pip = if wanted.pip { apt.show(&[PIP.to_owned()])?.into_values().next() } else { None };
        Ok(Platform { node, sets: sets.collect(), packages, additions, pip })
    }

    /// Whether the mirror has security updates, which few but Debian's own have.
    fn has_security(&self, mirrors: &Mirrors, release: &str) -> Result<bool, EngineError> {
        let address = format!("{}/dists/{release}-security/InRelease", mirrors.security);
        let found = self.fetcher()?.text("Debian's security updates", &address, &[])?.is_some();
        if !found {
            let text =
                format!("no security updates below {}; name their mirror with a second --mirror", mirrors.security);
            crate::say(self.reporter, &text);
        }
        Ok(found)
    }
}

/// The packages of each set, as `name=version`; one apt takes a second for each.
fn closures(apt: &Apt) -> Result<BTreeMap<RootSet, Vec<String>>, EngineError> {
    std::thread::scope(|scope| {
        let asked = RootSet::ALL.map(|set| (set, scope.spawn(move || apt.closure(sets::names(set)))));
        let mut chosen = BTreeMap::new();
        for (set, thread) in asked {
            let Ok(packages) = thread.join() else { return Err(EngineError::Interrupted) };
            let mut packages = packages.map_err(|error| crate::with_hint(error, NO_PACKAGE))?;
            packages.retain(|package| package.split_once('=').is_some_and(|(name, _)| sets::keeps(set, name)));
            chosen.insert(set, packages);
        }
        Ok(chosen)
    })
}

/// What an image holds besides its set: the packages that are asked for and all they depend on.
fn additions(apt: &Apt, names: &[String]) -> Result<Vec<String>, EngineError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    apt.closure_without_installers(&names).map_err(|error| match crate::with_hint(error, NO_ADDITION) {
        // The index was read a moment ago, so it is the names.
        EngineError::Failed { command, code, step, tail, hint, log, .. } => {
            EngineError::Failed { command, code, step, tail, hint, repository: true, log }
        }
        other => other,
    })
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}
