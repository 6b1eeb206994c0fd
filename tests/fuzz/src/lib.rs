//! What must hold whatever the bytes are. Each program in `targets/` hands its input to one of these
//! functions, which panics when something does not hold.

mod archive;
mod edits;
mod layer;
mod manifest;
mod stream;
mod verification;
mod words;

// The good pair of archives, and the repository it belongs to, are those of the tests.
#[allow(dead_code, reason = "tests use more of it")]
#[path = "../../../crates/artifacts/tests/verify/pair.rs"]
mod good;
#[allow(dead_code, reason = "tests use more of it")]
#[path = "../../../crates/artifacts/tests/verify/repo.rs"]
mod repo;

pub use archive::archive;
pub use edits::{Edits, pair};
pub use layer::{Image, layer};
pub use manifest::manifest;
