//! What a build stands on is the image that the verifier sees, whatever its name.

use image::{ImageSource, StoredImage};
use process::{EngineError, Event, Interrupt, Reporter};
use rootfs::Roots;
use tar::EntryType::{Link as H, Regular as F, Symlink as S};

use crate::fixture::{Item, Long, add_image, found, item, layer, verified};

struct Silent;

impl Reporter for Silent {
    fn report(&self, _: &Event) {}
}

/// A Debian with Node, and a file that tells it from others.
fn debian(release: &str) -> Vec<u8> {
    let text = format!("ID=debian\nVERSION_CODENAME={release}\n");
    let hostile = Item { long: Long::PaxTwice, ..item(F, "usr/lib/os-release", &text) };
    let items = [hostile, item(S, "etc/os-release", "/usr/lib/os-release"), item(F, "node", "x")];
    layer(&[&items[..], &[item(H, "usr/local/bin/node", "node"), item(F, release, "")]].concat())
}

/// The release of the base of this name, once its files are those that the verifier sees.
fn release(base: &str) -> Result<String, EngineError> {
    let shared = tempfile::tempdir().unwrap();
    let interrupt = Interrupt::default();
    let roots = Roots { shared: shared.path(), mirrors: &[], ca_file: None, interrupt: &interrupt, reporter: &Silent };
    let made = roots.image(base, false)?;
    let image = StoredImage::open(&ImageSource::parse(base)).unwrap().unwrap();
    assert_eq!((found(&made.root.path), &made.image.id), (verified(&image), &image.id));
    assert_eq!(made.root.node_version, "24.21.0");
    Ok(made.release)
}

#[test]
fn a_base_is_found_as_the_verifier_finds_it() {
    let scratch = tempfile::tempdir().unwrap();
    let place = |name: &str| format!("oci:{}", scratch.path().join(name).display());
    add_image(&scratch.path().join("a"), "b", &debian("bookworm"));
    assert_eq!(release(&place("a:b")).unwrap(), "bookworm");
    add_image(&scratch.path().join("a:b"), "one", &debian("trixie"));
    assert_eq!(release(&place("a:b")).unwrap(), "trixie", "the longest folder that is there");
    assert_eq!(release(&place("a:b:one")).unwrap(), "trixie");
    add_image(&scratch.path().join("a"), "c", &debian("forky"));
    assert_eq!(release(&place("a:c")).unwrap(), "forky");
    assert!(matches!(release(&place("a")).unwrap_err(), EngineError::Damaged(_)), "which of the two?");
    assert!(matches!(release(&place("none")).unwrap_err(), EngineError::Damaged(_)));
}
