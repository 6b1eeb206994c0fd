//! The embedded engine in trouble: killed, interrupted, on a full disk, over damaged state, in company.
//! Whatever happens, the earlier image stays, nothing is left behind, and the next build gives what an
//! undisturbed one would have given.
//!
//! Run them with `--test-threads=1`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

#[path = "../harness/mod.rs"]
mod harness;

mod company;
mod damage;
mod disk;
mod kills;

use std::sync::OnceLock;

use harness::{Bench, embedded};

const BACKEND_SOURCE: &str = "packages/backend/src/index.ts";
const APP_SOURCE: &str = "packages/app/src/App.tsx";
const BACKEND_MANIFEST: &str = "packages/backend/package.json";
/// Makes the other of two images that these tests go back and forth between.
const EDIT: &str = "console.log('an edit of the backend');";

/// The demo, and what undisturbed builds of it give.
struct Demo {
    bench: Bench,
    /// Digest of the committed sources' image.
    plain: String,
    /// Digest of the image with [`EDIT`] in the backend.
    edited: String,
}

fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let bench = embedded::demo();
        let source = harness::Restore::of(&bench, BACKEND_SOURCE);
        bench.append(BACKEND_SOURCE, EDIT);
        let edited = bench.embedded(&[]).expect_success().id();
        drop(source);
        let plain = bench.embedded(&[]).expect_success().id();
        assert_ne!(plain, edited);
        let demo = Demo { bench, plain, edited };
        demo.has_true_diff_ids();
        demo
    })
}

impl Demo {
    /// Builds what is not the last image, which takes steps and assembly; the image must be what it is
    /// without any trouble.
    fn builds_as_ever(&self) {
        if self.named().is_some_and(|(digest, _)| digest == self.edited) {
            assert_eq!(self.bench.embedded(&[]).expect_success().id(), self.plain);
        } else {
            let _source = harness::Restore::of(&self.bench, BACKEND_SOURCE);
            self.bench.append(BACKEND_SOURCE, EDIT);
            assert_eq!(self.bench.embedded(&[]).expect_success().id(), self.edited);
        }
        self.is_sound();
        assert_eq!(self.bench.leftovers(), Vec::<String>::new());
    }

    /// Every blob of the image is what its descriptor says.
    fn is_sound(&self) {
        let layout = image::Layout::open(self.bench.layout()).unwrap();
        image::verify_blobs(&layout, &layout.image(&self.bench.tag).unwrap().blobs()).unwrap();
    }

    /// The configuration names the layers as they are when they are unpacked. Images of one digest have one
    /// configuration, so that once is enough.
    fn has_true_diff_ids(&self) {
        let image = image::Layout::open(self.bench.layout()).unwrap().image(&self.bench.tag).unwrap();
        for layer in &image.layers {
            let stream = harness::layers::open(&self.bench.layout(), &layer.descriptor());
            assert_eq!(harness::layers::digest(stream), layer.diff_id.as_str());
        }
    }

    /// The digest that the image's name stands for, and the archives; nothing where there is no such image.
    fn named(&self) -> Option<(String, [Vec<u8>; 2])> {
        let image = image::Layout::open(self.bench.layout()).ok()?.image(&self.bench.tag).ok()?;
        let archive = |name| std::fs::read(self.bench.repo.join(format!("packages/backend/dist/{name}.tar.gz")));
        let archives = ["skeleton", "bundle"].map(|name| archive(name).unwrap_or_default());
        Some((image.manifest.digest.to_string(), archives))
    }
}
