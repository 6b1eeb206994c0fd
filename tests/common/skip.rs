//! A test that this machine cannot run. `cargo xtask test` lists it with the reason, and makes it fail where nothing
//! may be skipped; libtest alone has no such state and counts it as passed.
#![allow(dead_code, unused_imports, unused_macros, reason = "few test targets skip")]

use std::fs::File;
use std::io::Write;

/// File that gets a line for each skipped test: its name, a tab, the reason.
const SKIPPED: &str = "BACKSTAGE_XTASK_SKIPPED_TESTS";
/// Set where a skipped test is a failed one.
const REQUIRE_ALL: &str = "BACKSTAGE_XTASK_REQUIRE_ALL";

/// Ends the test that calls it, with a reason. Wants [`record`] in scope.
macro_rules! skip {
    ($($reason:tt)+) => {{
        fn here() {}
        record(std::any::type_name_of_val(&here).trim_end_matches("::here"), &format!($($reason)+));
        return;
    }};
}
pub(crate) use skip;

/// What [`skip!`] does before it returns.
pub(crate) fn record(test: &str, reason: &str) {
    assert!(std::env::var_os(REQUIRE_ALL).is_none(), "{test} may not be skipped: {reason}");
    let Some(path) = std::env::var_os(SKIPPED) else { return };
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    writeln!(file, "{test}\t{reason}").unwrap();
}
