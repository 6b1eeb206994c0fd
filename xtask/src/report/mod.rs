//! `build-image --report FILE`: what a build did, as one page that needs nothing else.
//!
//! A [`Story`] collects what becomes known while a build runs; at its end, good or bad, the page is written.

mod found;
mod page;
#[cfg(test)]
mod page_tests;
mod record;
mod sizes;
mod story;
mod timeline;
mod treemap;
mod words;

pub(crate) use story::{EngineName, Story};
