//! Root file systems for building and for running without a daemon and without root: Debian from its
//! packages, Node from the npm registry, laid out by our own code.
//!
//! A [`RootLock`] says by hash what they are made of; [`Roots`] makes them, once, in a folder that all
//! builds of this user share:
//!
//! ```text
//! <shared>/downloads/<hash>      what was fetched
//! <shared>/roots/<set>-<digest>  a root file system, and beside it its lock and its marker
//! <shared>/roots/npm-…           an unpacked package of npm, in the same way
//! <shared>/images/<hash>         an image that was fetched, as an OCI image layout
//! <shared>/apt/                  the package index
//! ```

mod apt;
mod deb;
mod digest;
mod environment;
mod fetch;
mod finish;
mod image_root;
mod kinds;
mod lay;
mod lock;
mod marker;
mod mirror;
mod node;
mod npm;
mod npmrc;
mod packages;
mod reach;
mod resolve;
mod sets;
mod store;
mod tree;
#[cfg(test)]
mod tree_tests;
mod unpack;
mod walk;

pub use image_root::ImageRoot;
pub use kinds::{Architecture, RootSet};
pub use lock::{Additions, DebianPackage, NpmPackage, PinnedImage, Platform, RELEASE, RootLock};
pub use reach::{Answer, Server, servers};
pub use resolve::LockRequest;
pub use sets::NPM;
pub use store::{Root, Roots, Strip};
pub use unpack::unpack_layers;

use image::ImageError;
use process::{EngineError, Event, Reporter};

/// The name of the step that lines of output belong to.
const STEP: &str = "root";

fn say(reporter: &dyn Reporter, line: &str) {
    reporter.report(&Event::StepOutput { step: STEP.to_owned(), line: line.to_owned() });
}

/// Gives the failure of a program a hint, when it has none of its own.
fn with_hint(error: EngineError, text: &'static str) -> EngineError {
    match error {
        EngineError::Failed { command, code, step, tail, hint, repository, log } => {
            EngineError::Failed { command, code, step, tail, hint: hint.or(Some(text)), repository, log }
        }
        other => other,
    }
}

/// An error about an image: what is in its files is the image's fault, the rest the system's.
fn image_error(error: ImageError) -> EngineError {
    match error {
        ImageError::Io { doing, source } => EngineError::Io { doing, source },
        error => EngineError::Damaged(Box::new(error)),
    }
}
