//! Images that hold what must not ship.

use image::{History, LayerFiles, Owner};

use crate::fixture::{Fixture, NODE};

/// Put together here, so that no scanner takes this file for a leak.
fn token() -> String {
    ["npm", "_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9"].concat()
}

#[test]
fn a_compiler() {
    let mut image = Fixture::good();
    image.base.add_bytes("usr/bin/x86_64-linux-gnu-gcc-14", "", 0o755, Owner::ROOT).unwrap();
    image.base.add_symlink("usr/bin/gcc", "x86_64-linux-gnu-gcc-14", Owner::ROOT).unwrap();
    image.has("BI015", Some("usr/bin/gcc"), "no compiler", "usr/bin/gcc, usr/bin/x86_64-linux-gnu-gcc-14");
    let mut image = Fixture::good();
    image.base.add_bytes("usr/bin/python3", "", 0o755, Owner::ROOT).unwrap();
    assert_eq!(image.verify().findings, [], "Python alone compiles nothing");
    image.base.add_bytes("usr/bin/make", "", 0o755, Owner::ROOT).unwrap();
    image.has("BI015", Some("usr/bin/make"), "no compiler", "usr/bin/make, usr/bin/python3");
}

#[test]
fn a_cache() {
    let mut image = Fixture::good();
    image.app("app/.yarn/cache/a.zip", "zip");
    image.app("app/.yarn/cache/b.zip", "zip");
    image.base("var/lib/apt/lists/lock", "");
    let expected = "no cache of a package manager";
    image.has("BI016", Some("app/.yarn/cache"), expected, "2 files of 6 bytes");
}

#[test]
fn a_repository_of_git() {
    let mut image = Fixture::good();
    image.app("app/.git/HEAD", "ref: refs/heads/main");
    image.has("BI017", Some("app/.git"), "no .git", "app/.git");
}

#[test]
fn an_archive_of_the_build() {
    let mut image = Fixture::good();
    image.app("app/bundle.tar.gz", "gzip");
    image.has("BI018", Some("app/bundle.tar.gz"), "no archive of the build", "app/bundle.tar.gz");
}

#[test]
fn a_secret_in_a_file() {
    let mut image = Fixture::good();
    image.app("app/.npmrc", token());
    image.has("BI019", Some("app/.npmrc"), "no secret", "a token of npm");
    let mut image = Fixture::good();
    image.app("app/node_modules/addon/test.js", token());
    assert_eq!(image.verify().findings, [], "as public as its package");
}

#[test]
fn a_secret_that_a_later_layer_hides() {
    let mut image = Fixture::good();
    image.app("app/.npmrc", token());
    let mut above = LayerFiles::new();
    above.add_bytes("app/.wh..npmrc", "", 0o644, NODE).unwrap();
    image.more.push(above);
    let found = "a token of npm, which a later layer hides and does not remove";
    image.has("BI019", Some("app/.npmrc"), "no secret", found);
}

#[test]
fn a_secret_in_the_history() {
    let mut image = Fixture::good();
    let command = |text: String| History { created_by: Some(text), ..History::default() };
    image.spec.history = vec![command(format!("|1 TOKEN={} yarn install", token())), command(String::new())];
    image.has("BI019", Some("the configuration"), "no secret", "a token of npm");
}

#[test]
fn a_program_with_rights_of_its_own() {
    let mut image = Fixture::good();
    image.base.add_bytes("usr/bin/su", "", 0o4755, Owner::ROOT).unwrap();
    image.has("BI020", Some("usr/bin/su"), "no program with setuid, setgid or capabilities", "usr/bin/su");
}

#[test]
fn a_file_that_everybody_may_change() {
    let mut image = Fixture::good();
    image.app.add_bytes("app/index.js", "", 0o666, NODE).unwrap();
    image.app.add_directory("app/data", 0o777, NODE).unwrap();
    image.has("BI021", Some("app/data"), "files that only some may change", "app/data, app/index.js");
}

#[test]
fn a_package_without_its_licence() {
    let image = Fixture::good().without("usr/share/doc/libc6/copyright");
    let entry = Some("usr/share/doc/libc6/copyright");
    image.has("BI022", entry, "a file for each package", "no licence of libc6");
    let mut image = Fixture::good();
    image.base("var/lib/dpkg/status", "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n");
    assert_eq!(image.verify().findings, [], "not installed");
}
