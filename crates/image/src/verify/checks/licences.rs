//! Whether the licences of Debian's packages came along (Debian Policy, 12.5). Packages of npm are not looked
//! at: many have none to bring.

use diagnostics::{Finding, few};

use crate::codes::LICENCE;
use crate::debian::{field, is_installed, stanzas};
use crate::verify::context::{Context, FindingText, text};

const STATUS: &str = "var/lib/dpkg/status";
/// One file for each package, in images without dpkg.
const STATUS_FOLDER: &str = "var/lib/dpkg/status.d";

/// Packages without their `copyright`.
pub(crate) fn missing(context: &Context<'_>) -> Vec<Finding> {
    let has = |package: &&str| {
        let file = format!("usr/share/doc/{package}/copyright");
        context.tree.resolve("", &file).is_some_and(|(_, node)| node.is_file())
    };
    let lacking: Vec<String> =
        packages(context).into_iter().map(|(name, _)| name).filter(|name| !has(name)).map(str::to_owned).collect();
    let Some(first) = lacking.first() else { return Vec::new() };
    let entry = format!("usr/share/doc/{first}/copyright");
    let found = format!("no licence of {}", few(&lacking));
    let next = "keep these files: for dpkg by path-include=/usr/share/doc/*/copyright";
    vec![context.finding(
        LICENCE,
        Some(&entry),
        FindingText { expected: "a file for each package", found: &found, next },
    )]
}

/// The Debian packages that are installed, with their versions.
pub(crate) fn packages<'a>(context: &Context<'a>) -> Vec<(&'a str, &'a str)> {
    let named = |record| Some((field(record, "Package")?, field(record, "Version").unwrap_or_default()));
    records(context).filter_map(named).collect()
}

/// What dpkg, or the folder in its place, says of each package that is installed.
pub(crate) fn records<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a str> {
    let one_by_one = context.tree.under(STATUS_FOLDER).filter_map(|(_, node)| text(node));
    let records = context.text(STATUS).into_iter().chain(one_by_one).flat_map(stanzas);
    records.filter(|record| is_installed(record))
}
