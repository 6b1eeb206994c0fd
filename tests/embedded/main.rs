//! The demo through the embedded engine: which steps an edit runs, that equal sources give equal images
//! wherever and by whomever they are built, and that no step gets out of its sandbox.
//!
//! One build from nothing, shared by all tests; run them with `--test-threads=1`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

#[path = "../harness/mod.rs"]
mod harness;

mod broken_ten;
mod config;
mod containment;
mod determinism;
mod doctor;
mod packages;
mod scenarios;

use std::sync::OnceLock;

use harness::host::Untouched;
use harness::{Bench, Built, embedded, run};

/// The demo, and its first build.
struct Demo {
    bench: Bench,
    first: Built,
}

/// Built once from nothing but what was fetched before.
fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let _untouched = Untouched::new();
        let bench = embedded::demo();
        run(&mut bench.xtask(&["clean"]));
        let first = bench.embedded(&[]).expect_success();
        Demo { bench, first }
    })
}
