//! Where the bytes of an image are, as a map and as tables, and what changed.

use std::collections::{BTreeMap, BTreeSet};

use image::{LayerContents, OwnerKind, Share};
use serde::Serialize;

use super::record::Record;
use super::treemap::{FRAME, Rectangle, squarify};
use super::words::{bytes, change_of_bytes, count, percent};

/// The least part of the image, one in so many, that has a place of its own in the map.
const SMALLEST: u64 = 500;
/// Most places that a layer has in the map.
const PLACES: usize = 60;
/// How many changed packages are listed.
const CHANGES: usize = 30;
/// How many names stand for a layer.
const NAMES: usize = 2;

/// Where the bytes are.
#[derive(Debug, Serialize)]
pub(crate) struct Sizes {
    layers: Vec<LayerView>,
    /// Nothing when the packages of the build before are not known.
    changes: Option<Vec<ChangeView>>,
    /// How many changes are not listed.
    more_changes: usize,
}

#[derive(Debug, Serialize)]
struct LayerView {
    number: usize,
    name: String,
    size: String,
    files: String,
    share: String,
    /// Against the build before: `new`, `unchanged`, or nothing.
    state: &'static str,
    parts: Vec<PartView>,
}

/// A place in the map, and a row of the table.
#[derive(Debug, Serialize)]
struct PartView {
    name: String,
    /// The name for a place with little room.
    label: String,
    size: String,
    files: String,
    left: String,
    top: String,
    width: String,
    height: String,
}

#[derive(Debug, Serialize)]
struct ChangeView {
    name: String,
    before: String,
    now: String,
    change: String,
}

/// A part of a layer, or several small ones.
struct Part {
    name: String,
    label: String,
    bytes: u64,
    files: u64,
}

/// What the page says of sizes. `folder` is the image's working directory.
pub(crate) fn sizes(contents: &[LayerContents], folder: &str, previous: Option<&Record>) -> Sizes {
    let mut changes = previous.and_then(Record::whole_contents).map(|before| changes(before, contents));
    let more_changes = changes.as_ref().map_or(0, |changes| changes.len().saturating_sub(CHANGES));
    changes.iter_mut().for_each(|changes| changes.truncate(CHANGES));
    let known: Option<BTreeSet<&str>> = previous.map(|record| record.layers.iter().map(String::as_str).collect());
    let totals: Vec<u64> = contents.iter().map(|layer| layer.total().bytes).collect();
    let whole: u64 = totals.iter().sum();
    let layers = contents.iter().zip(places(&totals)).enumerate().map(|(at, (layer, place))| LayerView {
        number: at + 1,
        name: name(layer, folder),
        size: bytes(totals[at]),
        files: count(layer.total().files, "file", "files"),
        share: share(totals[at], whole),
        state: match &known {
            Some(known) if known.contains(layer.diff_id.as_str()) => "unchanged",
            Some(_) => "new",
            None => "",
        },
        parts: parts_view(&parts(&layer.shares, whole), place),
    });
    Sizes { layers: layers.collect(), changes, more_changes }
}

/// In whole percent.
fn share(part: u64, whole: u64) -> String {
    match part.saturating_mul(100).checked_div(whole) {
        Some(0) | None if part > 0 => "under 1 %".to_owned(),
        percent => format!("{} %", percent.unwrap_or_default()),
    }
}

/// A rectangle for each layer, in their order.
fn places(totals: &[u64]) -> Vec<Rectangle> {
    let mut order: Vec<usize> = (0..totals.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(totals[*at]));
    let sorted: Vec<u64> = order.iter().map(|at| totals[*at]).collect();
    let mut found = vec![FRAME; totals.len()];
    for (at, place) in order.into_iter().zip(squarify(&sorted, FRAME)) {
        found[at] = place;
    }
    found
}

/// The large parts of a layer, and the small ones as one.
fn parts(shares: &[Share], whole: u64) -> Vec<Part> {
    let is_large = |share: &&Share| share.count.bytes.saturating_mul(SMALLEST) >= whole;
    let large = shares.iter().take(PLACES).take_while(is_large).count();
    // One alone is no more to read than "1 smaller".
    let large = if shares.len() == large + 1 { shares.len() } else { large };
    let (large, small) = shares.split_at(large);
    let mut parts: Vec<Part> = large
        .iter()
        .map(|share| Part {
            name: share.name.clone(),
            label: owner(share).0.to_owned(),
            bytes: share.count.bytes,
            files: share.count.files,
        })
        .collect();
    if !small.is_empty() {
        let word = if parts.is_empty() { "parts" } else { "smaller" };
        let name = format!("{} {word}", small.len());
        parts.push(Part {
            label: name.clone(),
            name,
            bytes: small.iter().map(|share| share.count.bytes).sum(),
            files: small.iter().map(|share| share.count.files).sum(),
        });
    }
    parts
}

fn parts_view(parts: &[Part], place: Rectangle) -> Vec<PartView> {
    let weights: Vec<u64> = parts.iter().map(|part| part.bytes).collect();
    let view = |(part, place): (&Part, Rectangle)| PartView {
        name: part.name.clone(),
        label: part.label.clone(),
        size: bytes(part.bytes),
        files: count(part.files, "file", "files"),
        left: percent(place.x, FRAME.width),
        top: percent(place.y, FRAME.height),
        width: percent(place.width, FRAME.width),
        height: percent(place.height, FRAME.height),
    };
    // The small ones come last, however many they are: they are what least is to say of.
    parts.iter().zip(squarify(&weights, place)).map(view).collect()
}

/// What a layer is, by whom most of its bytes belong to: that is all a layer of any engine tells.
fn name(layer: &LayerContents, folder: &str) -> String {
    let mut kinds: BTreeMap<OwnerKind, u64> = BTreeMap::new();
    for share in &layer.shares {
        *kinds.entry(share.kind).or_default() += share.count.bytes;
    }
    let largest = kinds.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(kind, _)| kind);
    match (largest, layer.shares.first()) {
        (Some(OwnerKind::Npm), _) => "dependencies".to_owned(),
        (Some(OwnerKind::Workspace), _) => workspaces(&layer.shares),
        (_, Some(share)) if share.kind == OwnerKind::Folder && is_inside(&share.name, folder) => {
            format!("files of {folder}")
        }
        (Some(_), _) => "system".to_owned(),
        (None, _) => "no files".to_owned(),
    }
}

fn is_inside(path: &str, folder: &str) -> bool {
    folder.len() > 1 && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn workspaces(shares: &[Share]) -> String {
    let names: Vec<&str> =
        shares.iter().filter(|share| share.kind == OwnerKind::Workspace).map(|share| share.name.as_str()).collect();
    let more = names.len().saturating_sub(NAMES);
    let listed = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{listed} and {more} more") } else { listed }
}

/// Packages without their versions, and what belongs to folders, with their bytes and versions.
type Owners<'a> = BTreeMap<&'a str, (u64, BTreeSet<&'a str>)>;

/// Name and version.
fn owner(share: &Share) -> (&str, &str) {
    match share.kind {
        // A name may begin with the sign of a scope.
        OwnerKind::Npm => share.name.rsplit_once('@').unwrap_or((&share.name, "")),
        _ => (&share.name, ""),
    }
}

fn owners(contents: &[LayerContents]) -> Owners<'_> {
    let mut owners = Owners::new();
    for share in contents.iter().flat_map(|layer| &layer.shares) {
        let (name, version) = owner(share);
        let owner = owners.entry(name).or_default();
        owner.0 += share.count.bytes;
        owner.1.extend(Some(version).filter(|version| !version.is_empty()));
    }
    owners
}

/// What has another size or version, the largest change first.
fn changes(before: &[LayerContents], now: &[LayerContents]) -> Vec<ChangeView> {
    let (before, now) = (owners(before), owners(now));
    let names: BTreeSet<&str> = before.keys().chain(now.keys()).copied().collect();
    let mut changed: Vec<_> = names.into_iter().filter(|name| before.get(name) != now.get(name)).collect();
    let of = |owners: &Owners<'_>, name: &str| owners.get(name).map_or(0, |(bytes, _)| *bytes);
    changed.sort_by_key(|name| (std::cmp::Reverse(of(&before, name).abs_diff(of(&now, name))), *name));
    let text = |owners: &Owners<'_>, name: &str| {
        let Some((size, versions)) = owners.get(name) else { return "not there".to_owned() };
        let versions = versions.iter().copied().collect::<Vec<_>>().join(", ");
        if versions.is_empty() { bytes(*size) } else { format!("{} ({versions})", bytes(*size)) }
    };
    let view = |name: &str| ChangeView {
        name: name.to_owned(),
        before: text(&before, name),
        now: text(&now, name),
        change: change_of_bytes(of(&before, name), of(&now, name)),
    };
    changed.into_iter().map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Digest;

    fn layer(shares: &[(OwnerKind, &str, u64)]) -> LayerContents {
        let share = |(kind, name, bytes): &(OwnerKind, &str, u64)| Share {
            kind: *kind,
            name: (*name).to_owned(),
            count: image::prune::Count { bytes: *bytes, files: 1 },
        };
        let digest = Digest::of(format!("{shares:?}").as_bytes());
        LayerContents { diff_id: digest, stored_bytes: 0, shares: shares.iter().map(share).collect() }
    }

    #[test]
    fn a_layer_is_named_by_what_most_of_it_is() {
        use OwnerKind::{Folder, Node, Npm, Workspace};
        for (shares, expected) in [
            (&[(Node, "node", 9), (Npm, "npm@1", 1)][..], "system"),
            (&[(Npm, "a@1", 3), (Folder, "/app", 2)], "dependencies"),
            (&[(Workspace, "a", 4), (Workspace, "b", 3), (Workspace, "c", 2), (Workspace, "d", 1)], "a, b and 2 more"),
            (&[(Folder, "/app/examples", 1)], "files of /app"),
            (&[(Folder, "/apple", 1)], "system"),
            (&[], "no files"),
        ] {
            assert_eq!(name(&layer(shares), "/app"), expected);
        }
    }

    #[test]
    fn small_parts_are_one_and_nothing_is_lost() {
        let mut shares = layer(&[(OwnerKind::Npm, "a@1", 10_000)]).shares;
        for _ in 0..9 {
            shares.extend(layer(&[(OwnerKind::Npm, "b@1", 3)]).shares);
        }
        let parts = parts(&shares, 10_027);
        let names: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.bytes, part.files)).collect();
        assert_eq!(names, [("a@1", 10_000, 1), ("9 smaller", 27, 9)]);
        assert_eq!((share(0, 0), share(1, 1000), share(1, 2)), ("0 %".into(), "under 1 %".into(), "50 %".into()));
    }

    #[test]
    fn a_package_is_compared_across_versions_and_layers() {
        use OwnerKind::{Folder, Npm};
        let before = [layer(&[(Npm, "@s/a@1.0.0", 10), (Npm, "gone@1.0.0", 5), (Folder, "/usr/lib", 7)])];
        let now = [layer(&[(Npm, "@s/a@2.0.0", 30)]), layer(&[(Npm, "new@1.0.0", 6), (Folder, "/usr/lib", 7)])];
        let found: Vec<_> = changes(&before, &now)
            .into_iter()
            .map(|change| [change.name, change.before, change.now, change.change])
            .collect();
        let expected = [
            ["@s/a", "10 B (1.0.0)", "30 B (2.0.0)", "+20 B"],
            ["new", "not there", "6 B (1.0.0)", "+6 B"],
            ["gone", "5 B (1.0.0)", "not there", "\u{2212}5 B"],
        ];
        assert_eq!(found, expected.map(|row| row.map(str::to_owned)));
    }
}
