//! From names to a lock: what the mirrors and the registry have today.

use std::collections::{BTreeMap, BTreeSet};

use super::apt::{Apt, Source};
use super::kinds::{Architecture, RootSet};
use super::lock::{NpmPackage, Platform, RELEASE, RootLock, is_release};
use super::mirror::Mirrors;
use super::npmrc::Registry;
use super::store::Roots;
use super::{npm, sets};
use crate::event::as_step;
use crate::failure::EngineError;
use crate::guard;

impl Roots<'_> {
    /// A lock of what is newest today: Debian's packages, and Node's version in the release line `node`
    /// ("24") or exactly it.
    ///
    /// # Errors
    /// apt is missing, Debian's signature is not valid, or a mirror or the registry does not answer.
    pub fn resolve(&self, node: &str, architectures: &[Architecture]) -> Result<RootLock, EngineError> {
        self.resolve_release(node, RELEASE, architectures)
    }

    /// The same, of another release of Debian, for an image of that release.
    ///
    /// # Errors
    /// As [`Roots::resolve`].
    pub fn resolve_release(
        &self,
        node: &str,
        release: &str,
        architectures: &[Architecture],
    ) -> Result<RootLock, EngineError> {
        if !is_release(release) {
            return Err(EngineError::Missing {
                what: format!("no release of Debian is called {release:?}"),
                details: Vec::new(),
                hint: format!("name one such as {RELEASE}"),
            });
        }
        as_step(super::STEP, self.reporter, || {
            let (fetcher, registry) = (self.fetcher()?, Registry::find());
            let npm = npm::newest(&fetcher, &registry, "npm", sets::NPM)?;
            let mut platforms = BTreeMap::new();
            for architecture in architectures {
                let name = format!("node-linux-{}", architecture.node());
                let node = npm::newest(&fetcher, &registry, &name, node)?;
                platforms.insert(*architecture, self.platform(*architecture, release, node)?);
            }
            Ok(RootLock::new(release, npm, platforms))
        })
    }

    fn platform(&self, architecture: Architecture, release: &str, node: NpmPackage) -> Result<Platform, EngineError> {
        let folder = self.shared.join("apt");
        guard::create(&folder)?;
        let _lock = guard::lock(&folder.join("lock"), self.interrupt)?;
        let mirrors = Mirrors::find(self.mirrors);
        let security = self.has_security(&mirrors, release)?;
        let ca_file = self.certificates()?;
        let source = Source { architecture, release, mirrors: &mirrors, security, ca_file: ca_file.as_deref() };
        let apt = Apt::open(&folder.join(format!("{release}-{}", architecture.debian())), &source)?;
        apt.update(self.interrupt, self.reporter)?;
        let chosen = closures(&apt)?;
        let packages = apt.show(&sorted(chosen.values().flatten().cloned()))?.into_values().collect();
        let name = |package: &String| package.split('=').next().unwrap_or_default().to_owned();
        let sets = chosen.iter().map(|(set, packages)| (*set, sorted(packages.iter().map(name))));
        Ok(Platform { node, sets: sets.collect(), packages })
    }

    /// Whether the mirror has security updates, which few but Debian's own have.
    fn has_security(&self, mirrors: &Mirrors, release: &str) -> Result<bool, EngineError> {
        let address = format!("{}/dists/{release}-security/InRelease", mirrors.security);
        let found = self.fetcher()?.text("Debian's security updates", &address, &[])?.is_some();
        if !found {
            let text =
                format!("no security updates below {}; name their mirror with a second --mirror", mirrors.security);
            super::say(self.reporter, &text);
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
            let mut packages = packages?;
            packages.retain(|package| package.split_once('=').is_some_and(|(name, _)| sets::keeps(set, name)));
            chosen.insert(set, packages);
        }
        Ok(chosen)
    })
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}
