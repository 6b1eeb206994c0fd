//! `build-image --report FILE`: what a build did, as one page that needs nothing else.
//!
//! A [`BuildReport`] collects what becomes known while a build runs; at its end, good or bad, the page is written.

mod build_report;
mod facts;
mod found;
mod page;
#[cfg(test)]
mod page_tests;
mod record;
mod sizes;
mod timeline;
mod treemap;
mod words;

pub use build_report::BuildReport;
pub(crate) use facts::EngineName;
