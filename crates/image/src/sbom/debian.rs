//! The packages of Debian in an image, as dpkg's status file says, or the folder in its place.

use std::collections::BTreeMap;

use super::{Component, ComponentKind, purl};
use crate::debian::field;
use crate::verify::checks::debian_records as records;
use crate::verify::context::Context;
use crate::verify::notes::Content;

/// Where an image says which distribution it is (os-release(5)).
const RELEASE: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

/// The packages, each with those that it depends on and that are there.
pub(super) fn components(context: &Context<'_>) -> Vec<Component> {
    let release = RELEASE.iter().find_map(|path| context.text(path)).unwrap_or_default();
    let id = setting(release, "ID").unwrap_or("debian");
    let distro = setting(release, "VERSION_ID").map(|version| format!("{id}-{version}")).unwrap_or_default();
    let url = |record: &str, name: &str| {
        let [version, arch] = ["Version", "Architecture"].map(|key| field(record, key).unwrap_or_default());
        purl::debian(id, name, version, &[("arch", arch), ("distro", &distro)])
    };
    let named: BTreeMap<&str, &str> =
        records(context).filter_map(|record| Some((field(record, "Package")?, record))).collect();
    let component = |(name, record): (&&str, &&str)| Component {
        id: url(record, name),
        kind: ComponentKind::Debian,
        name: (*name).to_owned(),
        version: field(record, "Version").unwrap_or_default().to_owned(),
        licences: licences(context, name),
        checksum: None,
        depends_on: needs(record).filter_map(|need| Some(url(named.get(need)?, need))).collect(),
    };
    named.iter().map(component).collect()
}

/// The names of a record's dependencies, alternatives included.
fn needs(record: &str) -> impl Iterator<Item = &str> {
    let fields = ["Pre-Depends", "Depends"].into_iter().filter_map(|key| field(record, key));
    fields.flat_map(|text| text.split([',', '|'])).filter_map(|text| {
        let name = text.trim().split([' ', '(', ':']).next()?;
        (!name.is_empty()).then_some(name)
    })
}

fn licences(context: &Context<'_>, name: &str) -> Vec<String> {
    let file = format!("usr/share/doc/{name}/copyright");
    let node = context.tree.resolve("", &file).map(|(_, node)| node);
    match node.and_then(|node| Some(&node.note.as_ref()?.content)) {
        Some(Content::Licences(names)) => names.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

fn setting<'a>(release: &'a str, name: &str) -> Option<&'a str> {
    let value = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_record_tells_what_it_needs() {
        let record = "Package: a\nPre-Depends: b\nDepends: libc6 (>= 2.1), c:any, d | e\n";
        assert_eq!(needs(record).collect::<BTreeSet<_>>(), BTreeSet::from(["b", "c", "d", "e", "libc6"]));
        assert_eq!(setting("NAME=x\nVERSION_ID=\"13\"\n", "VERSION_ID"), Some("13"));
    }
}
