//! The lockfiles that end-to-end tests install by.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

use std::collections::BTreeMap;
use std::path::Path;

use monorepo::Lockfile;

const LOCKFILES: [&str; 2] = ["locks/create-app/yarn.lock", "fixtures/demo/yarn.lock"];

/// Major and minor of a version, or of the least one that a caret or tilde range allows. Patches may come later.
fn numbers(version: &str) -> Vec<u64> {
    let version = version.trim_start_matches(['^', '~']);
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).take(2).collect()
}

/// Packages that are newer than any package of the lockfile asks for: a Backstage release asks for exactly what it
/// was published with, so these are of a later one.
fn of_a_later_release(lockfile: &Lockfile) -> Vec<String> {
    let mut asked: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let ours = |entry: &&monorepo::LockEntry| entry.name().starts_with("@backstage/");
    for entry in lockfile.entries.iter().filter(ours) {
        for range in entry.descriptors.iter().filter_map(|descriptor| descriptor.split_once("@npm:")) {
            let least = asked.entry(entry.name()).or_default();
            *least = numbers(range.1).max(std::mem::take(least));
        }
    }
    let entries = lockfile.entries.iter().filter(ours);
    let later = entries.filter(|entry| numbers(&entry.version) > asked.remove(entry.name()).unwrap_or_default());
    later.map(|entry| entry.resolution.clone()).collect()
}

#[test]
fn each_lockfile_is_of_one_backstage_release() {
    for name in LOCKFILES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests").join(name);
        let lockfile = Lockfile::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(lockfile.entries.len() > 1500, "{name}");
        assert_eq!(of_a_later_release(&lockfile), Vec::<String>::new(), "{name}: see tests/support/renew-locks.sh");
    }
}

#[test]
fn a_package_of_a_later_release_is_noticed() {
    let entry = |name: &str, range: &str, version: &str| {
        format!(
            "\"@backstage/{name}@npm:{range}\":\n  version: {version}\n  resolution: \"@backstage/{name}@npm:{version}\"\n  checksum: 10c0/00\n\n"
        )
    };
    let text = format!(
        "__metadata:\n  version: 8\n\n{}{}",
        entry("backend-defaults", "^0.18.0", "0.18.0"),
        entry("backend-plugin-api", "^1.10.1", "1.12.0")
    );
    let found = of_a_later_release(&Lockfile::parse(&text).unwrap());
    assert_eq!(found, ["@backstage/backend-plugin-api@npm:1.12.0"]);
}
