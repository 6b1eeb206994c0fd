//! Whether the bundle was built from the sources that the repository has.

use std::collections::BTreeMap;

use diagnostics::{At, Finding, FindingText};

use crate::checks::Context;
use crate::codes::STALE_SOURCES;
use crate::sources::{Difference, Stale};

/// Packages whose maps hold other sources; each once. A package without maps says nothing.
pub(crate) fn sources(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let finding = |(name, sources): (&str, &BTreeMap<String, Stale>)| {
        let package = context.repo.workspaces.get(name)?;
        let (path, first) = sources.first_key_value()?;
        let which = match first.difference {
            Difference::Text => format!("another {path}"),
            Difference::Gone => format!("{path}, which the repository does not have"),
        };
        let more = match sources.len() - 1 {
            0 => String::new(),
            1 => " and 1 more source that differs".to_owned(),
            more => format!(" and {more} more sources that differ"),
        };
        let expected = format!("{name} built from the sources in the repository");
        let found = format!("{which} (in {}){more}", first.map);
        let next =
            "run `cargo xtask build-image`, which builds what is there; list what a build generates in .gitignore";
        let at = format!("{}/dist", package.folder);
        Some(
            STALE_SOURCES
                .finding(At::entry(context.bundle.name, &at), FindingText { expected: &expected, found: &found, next }),
        )
    };
    content.stale.packages().filter_map(finding).collect()
}
