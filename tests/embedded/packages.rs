//! What `xtask.toml` adds to the image: Debian packages, and MkDocs.

use std::process::Command;

use crate::demo;
use crate::harness::{Bench, Restore, embedded, layers, run};

const SETTINGS: &str = "xtask.toml";
const LOCK: &str = "base-image.lock.json";
/// Few packages, since each is fetched.
const ASKED: &str = "[runtime]\npackages = [\"git\"]\n\n[techdocs]\nenabled = true\npackages = [\"mkdocs==1.6.1\"]\n";

/// The settings, for as long as it is there.
struct Set<'a>(&'a Bench);

impl<'a> Set<'a> {
    fn to(bench: &'a Bench, text: &str) -> Self {
        std::fs::write(bench.repo.join(SETTINGS), text).unwrap();
        Self(bench)
    }
}

impl Drop for Set<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0.repo.join(SETTINGS));
    }
}

#[test]
fn packages_and_mkdocs_run_in_the_image_and_nothing_else_is_made_again() {
    let bench = &demo().bench;
    bench.embedded(&[]).expect_success();
    let (settings, lock) = (Set::to(bench, ASKED), Restore::of(bench, LOCK));
    let refused = bench.embedded(&[]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    let expected = "found none as packages of the image, expected git, python3, python3-pip-whl, for TechDocs";
    assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    assert!(refused.stderr.contains("run `cargo xtask base-image --update` and commit the file"), "{}", refused.stderr);

    std::fs::remove_file(bench.repo.join(LOCK)).unwrap();
    let built = bench.embedded(&[]).expect_success();
    assert_eq!(built.ran(), ["assemble", "techdocs"]);
    assert_eq!(built.layers().len(), 6);
    let warnings: Vec<_> = built.messages.iter().filter(|message| message["event"] == "warning").collect();
    let warnings = format!("{warnings:?}");
    assert!(warnings.contains("expected local: MkDocs is in the image"), "{warnings}");
    assert!(!warnings.contains("install scripts"), "{warnings}");
    let root = lowest_layers(bench);
    assert!(in_root(root.path(), &["git", "--version"]).starts_with("git version 2."));
    assert!(
        in_root(root.path(), &["mkdocs", "--version"])
            .starts_with("mkdocs, version 1.6.1 from /usr/local/lib/techdocs/")
    );
    for missing in ["usr/bin/sh", "usr/bin/gcc", "usr/bin/dpkg", "usr/bin/pip", "usr/local/lib/techdocs/bin/pip"] {
        assert!(root.path().join(missing).symlink_metadata().is_err(), "{missing}");
    }
    assert!(bench.embedded(&[]).expect_success().ran().is_empty());

    drop((settings, lock));
    assert!(bench.embedded(&[]).expect_success().layers() == demo().first.layers());
}

/// The two lowest layers, unpacked.
fn lowest_layers(bench: &Bench) -> tempfile::TempDir {
    let folder = embedded::passing_folder("root-");
    let layout = bench.layout();
    for blob in layers::blobs(&layout, &bench.tag).iter().take(2) {
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(layout.join("blobs/sha256").join(blob.digest.hex())).arg("-C").arg(folder.path());
        run(&mut tar);
    }
    folder
}

/// What a command prints in a root, as the image's user.
fn in_root(root: &std::path::Path, command: &[&str]) -> String {
    let mut sandbox = Command::new("bwrap");
    sandbox.args(["--unshare-all", "--uid", "1000", "--gid", "1000", "--die-with-parent", "--ro-bind"]).arg(root);
    sandbox.args(["/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--clearenv"]);
    sandbox.args(["--setenv", "PATH", "/usr/local/bin:/usr/bin"]).args(command);
    run(&mut sandbox)
}
