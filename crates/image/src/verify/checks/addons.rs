//! Whether native addons can be loaded.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{Finding, few};

use crate::codes::{ADDON_ABI, FOREIGN_ADDON, NO_ADDON, UNLINKED_ADDON};
use crate::platform::{Libc, Platform};
use crate::read::NodeKind;
use crate::verify::context::{Context, FindingText};
use crate::verify::elf::{Binary, Elf};
use crate::verify::notes::{Content, Package};
use crate::verify::packages::package_of;
use crate::verify::platform::{cpu, is_for_another};

const REINSTALL: &str = "install in a stage on the image's own base, and keep node_modules out of the build context";

/// The addons that could be meant for this image; others say by their path what they are for.
fn addons<'a>(context: &Context<'a>) -> Vec<(&'a str, &'a Binary)> {
    let cpu = cpu(&context.config.architecture).to_owned();
    let platform = Platform { cpu, libc: libc(context), module_version: context.module_version() };
    let addons = context.notes().filter_map(|(path, content)| match content {
        Content::Addon(binary) => Some((path, binary)),
        _ => None,
    });
    addons.filter(|(path, _)| !is_for_another(path, &platform)).collect()
}

/// The C library of the image, by its dynamic linker's name.
fn libc(context: &Context<'_>) -> Option<Libc> {
    let names = || context.tree.iter().map(|(path, _)| path.rsplit('/').next().unwrap_or_default());
    if names().any(|name| name == "libc.so.6") {
        return Some(Libc::Glibc);
    }
    names().any(|name| name.starts_with("ld-musl-")).then_some(Libc::Musl)
}

/// Addons that fit this image: with the tables that the linker reads.
fn fitting<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a str, &'a Elf)> {
    let own = context.config.architecture.clone();
    addons(context).into_iter().filter_map(move |(path, binary)| match binary {
        Binary::Elf(elf) if elf.architecture == own => Some((path, elf.as_ref())),
        _ => None,
    })
}

/// Addons for another machine.
pub(crate) fn foreign(context: &Context<'_>) -> Vec<Finding> {
    let own = &context.config.architecture;
    let finding = |(path, binary): (&str, &Binary)| {
        let found = match binary {
            Binary::Elf(elf) if elf.architecture == *own => return None,
            Binary::Elf(elf) => format!("one for {}", elf.architecture),
            Binary::Other(what) => what.clone().into_owned(),
        };
        let expected = format!("an addon for linux/{own}");
        Some(context.finding(
            FOREIGN_ADDON,
            Some(path),
            FindingText { expected: &expected, found: &found, next: REINSTALL },
        ))
    };
    addons(context).into_iter().filter_map(finding).collect()
}

/// Addons that the dynamic linker refuses.
pub(crate) fn unlinked(context: &Context<'_>) -> Vec<Finding> {
    let linker = Linker::new(context);
    let finding = |(path, elf): (&str, &Elf)| {
        let mut lacking: Vec<String> = elf.needed.iter().filter(|name| !linker.has(name)).cloned().collect();
        let lacks = |(library, version): &&(String, String)| linker.lacks(library, version);
        lacking.extend(elf.versions.iter().filter(lacks).map(|(library, version)| format!("{version} of {library}")));
        if lacking.is_empty() {
            return None;
        }
        let found = format!("nothing in the image has {}", few(&lacking));
        let expected = "an addon that needs only what the image's libraries have";
        let next = "build on the release of Debian that the image has, or install the library in its last stage";
        Some(context.finding(UNLINKED_ADDON, Some(path), FindingText { expected, found: &found, next }))
    };
    fitting(context).filter_map(finding).collect()
}

/// What the dynamic linker could find.
struct Linker<'a> {
    names: BTreeSet<&'a str>,
    defined: BTreeMap<&'a str, &'a BTreeSet<String>>,
}

impl<'a> Linker<'a> {
    fn new(context: &Context<'a>) -> Self {
        let mut linker = Self { names: BTreeSet::new(), defined: BTreeMap::new() };
        for (path, node) in context.tree.iter().filter(|(path, _)| path.contains(".so")) {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            linker.names.insert(name);
            let target = match &node.kind {
                NodeKind::Link(target) => context.tree.resolve(folder, target).map(|(_, node)| node),
                _ => Some(node),
            };
            if let Some(Content::Library(Binary::Elf(elf))) = target.and_then(|node| Some(&node.note.as_ref()?.content))
            {
                linker.defined.insert(name, &elf.defines);
            }
        }
        linker
    }

    fn has(&self, library: &str) -> bool {
        self.names.contains(library)
    }

    /// Whether the library is known, and has not this version.
    fn lacks(&self, library: &str, version: &str) -> bool {
        self.defined.get(library).is_some_and(|defined| !defined.is_empty() && !defined.contains(version))
    }
}

/// Addons that Node refuses. One that says nothing of its version is let pass.
pub(crate) fn abi(context: &Context<'_>) -> Vec<Finding> {
    let Some(own) = context.module_version() else { return Vec::new() };
    let is_other =
        |elf: &Elf| !elf.is_node_api && !elf.module_versions.is_empty() && !elf.module_versions.contains(&own);
    let finding = |(path, elf): (&str, &Elf)| {
        let found: Vec<String> = elf.module_versions.iter().map(u32::to_string).collect();
        let found = format!("NODE_MODULE_VERSION {}", found.join(", "));
        let expected = format!("NODE_MODULE_VERSION {own}, that of the image's Node, or Node-API");
        let next = "use one Node in all stages, and install again without the old node_modules";
        context.finding(ADDON_ABI, Some(path), FindingText { expected: &expected, found: &found, next })
    };
    fitting(context).filter(|(_, elf)| is_other(elf)).map(finding).collect()
}

/// Packages whose install makes an addon, which is not there. One that every package could do without may have
/// failed to compile: Yarn goes on then.
pub(crate) fn absent(context: &Context<'_>) -> Vec<Finding> {
    let packages = || {
        context.notes().filter_map(|(path, content)| match content {
            Content::Package(package) => Some((path.strip_suffix("/package.json")?, package)),
            _ => None,
        })
    };
    let needed: BTreeSet<&str> = packages().flat_map(|(_, package)| &package.needs).map(String::as_str).collect();
    let addons: Vec<&str> = addons(context).into_iter().map(|(path, _)| path).collect();
    let has_addon = |folder: &str| addons.iter().any(|addon| is_below(addon, folder));
    let is_lacking = |(folder, package): &(&str, &Package)| {
        let is_installed = package_of(&format!("{folder}/package.json")).is_some_and(|(found, _)| found == *folder);
        is_installed && package.makes_addon && needed.contains(package.name.as_str()) && !has_addon(folder)
    };
    let finding = |(folder, package): (&str, &Package)| {
        let expected = format!("a native addon (*.node), which the install of {} makes", package.name);
        let next = "let it be built: look for `enableScripts: false` in .yarnrc.yml, for `built: false` under dependenciesMeta in package.json, and at the install's log";
        context.finding(NO_ADDON, Some(folder), FindingText { expected: &expected, found: "none", next })
    };
    packages().filter(is_lacking).map(finding).collect()
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}
