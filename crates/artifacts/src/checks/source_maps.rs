//! Source maps, said once for a whole bundle.

use diagnostics::{At, Finding, FindingText, megabytes};

use crate::checks::Context;
use crate::checks::app::apps;
use crate::codes::SOURCE_MAPS;
use crate::entry::{Entry, EntryKind};

/// How many there are, how large, and how many of them everybody may read.
pub(crate) fn found(context: &Context<'_>) -> Vec<Finding> {
    let Some(content) = context.bundle.content() else { return Vec::new() };
    let is_map = |entry: &&Entry| entry.kind == EntryKind::File && entry.path.ends_with(".map");
    let maps: Vec<&Entry> = content.entries.iter().filter(is_map).collect();
    if maps.is_empty() {
        return Vec::new();
    }
    let size = maps.iter().map(|entry| entry.size).sum();
    let folders: Vec<String> = apps(context.repo).iter().map(|app| format!("{}/dist/static/", app.folder)).collect();
    let is_public = |entry: &&&Entry| folders.iter().any(|folder| entry.path.starts_with(folder.as_str()));
    let public = maps.iter().filter(is_public).count();
    let found = format!(
        "{} of them, {} of {} unpacked, {public} where the backend serves them to everybody",
        maps.len(),
        megabytes(size),
        megabytes(content.unpacked_bytes())
    );
    let next = "delete them from the image, or keep the proxy from serving *.map; to accept them, use a baseline";
    vec![
        SOURCE_MAPS
            .finding(At::subject(context.bundle.name), FindingText { expected: "no source maps", found: &found, next }),
    ]
}
