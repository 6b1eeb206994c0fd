//! From names to a lock: what the mirrors and the registry have today.

use std::collections::BTreeMap;

use super::apt::Apt;
use super::lock::{Architecture, NpmPackage, Platform, RELEASE, RootLock, RootSet};
use super::mirror::Mirrors;
use super::npmrc::Registry;
use super::store::Roots;
use super::{guard, npm, sets};
use crate::failure::EngineError;

impl Roots<'_> {
    /// A lock of what is newest today: Debian's packages, and Node's version in the release line `node`
    /// ("24") or exactly it.
    ///
    /// # Errors
    /// apt is missing, Debian's signature is not valid, or a mirror or the registry does not answer.
    pub fn resolve(&self, node: &str, architectures: &[Architecture]) -> Result<RootLock, EngineError> {
        super::step(self.reporter, || {
            let (fetcher, registry) = (self.fetcher(), Registry::find());
            let npm = npm::newest(&fetcher, &registry, "npm", sets::NPM)?;
            let mut platforms = BTreeMap::new();
            for architecture in architectures {
                let name = format!("node-linux-{}", architecture.node());
                let node = npm::newest(&fetcher, &registry, &name, node)?;
                platforms.insert(*architecture, self.platform(*architecture, node)?);
            }
            Ok(RootLock::new(npm, platforms))
        })
    }

    fn platform(&self, architecture: Architecture, node: NpmPackage) -> Result<Platform, EngineError> {
        let folder = self.shared.join("apt");
        guard::create(&folder)?;
        let _lock = guard::lock(&folder.join("lock"), self.interrupt)?;
        let mirrors = Mirrors::find(self.mirrors);
        let folder = folder.join(architecture.debian());
        let apt = Apt::open(&folder, architecture, &mirrors, self.has_security(&mirrors)?, self.ca_file)?;
        apt.update(self.interrupt, self.reporter)?;
        let mut chosen = BTreeMap::new();
        for set in RootSet::ALL {
            let mut packages = apt.closure(sets::names(set))?;
            packages.retain(|package| package.split_once('=').is_some_and(|(name, _)| sets::keeps(set, name)));
            packages.sort();
            chosen.insert(set, packages);
        }
        let mut all: Vec<String> = chosen.values().flatten().cloned().collect();
        all.sort();
        all.dedup();
        let packages = apt.show(&all)?.into_values().collect();
        let name = |package: &String| package.split('=').next().unwrap_or_default().to_owned();
        let sets = chosen.iter().map(|(set, packages)| (*set, packages.iter().map(name).collect()));
        Ok(Platform { node, sets: sets.collect(), packages })
    }

    /// Whether the mirror has security updates, which few but Debian's own have.
    fn has_security(&self, mirrors: &Mirrors) -> Result<bool, EngineError> {
        let address = format!("{}/dists/{RELEASE}-security/InRelease", mirrors.security);
        let found = self.fetcher().text("Debian's security updates", &address, &[])?.is_some();
        if !found {
            let text =
                format!("no security updates below {}; name their mirror with a second --mirror", mirrors.security);
            super::say(self.reporter, &text);
        }
        Ok(found)
    }
}
