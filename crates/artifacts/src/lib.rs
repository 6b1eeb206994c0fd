//! Verifies the two archives of a backend build, `skeleton.tar.gz` and `bundle.tar.gz`, against the
//! facts of the repository they were built from.
//!
//! The archives are untrusted bytes: they are streamed, never unpacked to disk, and read within the
//! limits of `limits.rs`. Nothing stops at the first defect; everything found becomes a
//! [`diagnostics::Finding`] with a stable code from [`CODES`].
//!
//! The app in an image is verified as the bundle that was unpacked there.
//!
//! A new check is a function in `checks/`, a code in `codes.rs` and one corrupted archive in the tests.

mod archive;
mod checks;
mod codes;
mod content;
mod entry;
mod gunzip;
mod html;
mod image;
mod limits;
mod pax;
mod reader;
mod source_map;
mod sources;
mod stop;
mod verify;
mod walk;

pub use archive::ArchiveSummary;
pub use codes::{CODES, SOURCE_MAPS};
pub use image::{AppFile, AppFileKind, is_read_of_app, verify_app};
pub use verify::{BUNDLE, SKELETON, Verification, verify, verify_against};
