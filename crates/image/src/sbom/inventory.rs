//! What an image holds, found in what was remembered of its files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Component, ComponentKind, debian, npm, purl};
use crate::document::ImageConfig;
use crate::read::ImageTree;
use crate::verify::Budget;
use crate::verify::context::Context;
use crate::verify::notes::Note;

/// What an image holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// When the image was made, in whole seconds as in RFC 3339.
    pub(crate) created: String,
    /// Every component, by its id.
    pub(crate) components: BTreeMap<String, Component>,
}

impl Inventory {
    /// Number of the things in it.
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// Those that no other one needs: what the image itself was given.
    pub(crate) fn roots(&self) -> BTreeSet<&str> {
        let needed: BTreeSet<&str> =
            self.components.values().flat_map(|one| &one.depends_on).map(String::as_str).collect();
        let is_given = |one: &&Component| one.kind != ComponentKind::Npm || !needed.contains(one.id.as_str());
        self.components.values().filter(is_given).map(|one| one.id.as_str()).collect()
    }
}

/// Takes stock of an image.
pub(crate) fn inventory(config: &ImageConfig, tree: &ImageTree<Note>) -> Inventory {
    let context = Context { subject: "", config, tree, budget: &Budget::default() };
    let mut components = BTreeMap::new();
    for component in debian::components(&context).into_iter().chain(nodes(&context)).chain(npm::components(&context)) {
        components.entry(component.id.clone()).or_insert(component);
    }
    let known: BTreeSet<String> = components.keys().cloned().collect();
    components.values_mut().for_each(|one| one.depends_on.retain(|id| known.contains(id) && *id != one.id));
    Inventory { created: whole_seconds(config.created.as_deref().unwrap_or_default()), components }
}

fn nodes(context: &Context<'_>) -> Vec<Component> {
    let versions: BTreeSet<String> = context.nodes().into_iter().filter_map(|node| node.version).collect();
    let component = |version: String| Component {
        id: purl::generic("node", &version),
        kind: ComponentKind::Node,
        name: "node".to_owned(),
        version,
        licences: Vec::new(),
        checksum: None,
        depends_on: BTreeSet::new(),
    };
    versions.into_iter().map(component).collect()
}

/// A time of RFC 3339 in UTC without fractions; images of Docker's have nanoseconds.
fn whole_seconds(time: &str) -> String {
    match time.get(..19) {
        Some(start) if time.ends_with('Z') => format!("{start}Z"),
        _ => "1970-01-01T00:00:00Z".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_no_fractions() {
        assert_eq!(whole_seconds("2026-01-02T03:04:05.678901234Z"), "2026-01-02T03:04:05Z");
        assert_eq!(whole_seconds("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05Z");
        assert_eq!(whole_seconds(""), "1970-01-01T00:00:00Z");
    }
}
