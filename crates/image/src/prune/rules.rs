//! Which class a file is of, if any. Paths are relative to the package and separated by `/`.

use super::class::PruneClass;
use super::manifest::Package;
use crate::platform::Platform;
use crate::prebuild::is_foreign;

/// Names of folders whose files are content for users of the package, whatever they look like.
const CONTENT: &[&str] = &["assets", "fixtures", "migrations", "public", "resources", "static"];
/// Parts of the names of folders that hold files to be copied elsewhere.
const TEMPLATES: &[&str] = &["skeleton", "template", "scaffold"];
/// Parts of names that may be part of a licence.
const LEGAL: &[&str] = &["licen", "notice", "copying", "copyright", "patent", "legal", "author", "credit", "third"];
const MAPPED: &[&str] = &["js", "cjs", "mjs", "jsx", "css", "ts", "cts", "mts", "tsx"];
const NATIVE: &[&str] = &["c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "m", "mm", "s", "asm", "gyp", "gypi"];
const OBJECTS: &[&str] = &["o", "a", "d", "mk", "stamp", "makefile"];

/// Whether a file stays whatever it is: an entry point, a config schema, or part of a licence.
pub(super) fn is_protected(package: &Package, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    is_legal(&name) || package.names(path) || package.schema_file().is_some_and(|schema| schema == path)
}

/// The class of a file that is not protected, of an installed package.
pub(super) fn class_of(package: &Package, path: &str, platform: &Platform) -> Option<PruneClass> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_lowercase();
    if is_source_map(&name) {
        return Some(PruneClass::SourceMaps);
    }
    if is_foreign(path, platform) {
        return Some(PruneClass::ForeignPrebuilds);
    }
    if package.is_native && is_leftover(folders, &name) {
        return Some(PruneClass::NativeBuildLeftovers);
    }
    if folders.split('/').any(is_content) {
        return None;
    }
    if is_declaration(&name) {
        return Some(PruneClass::TypeDeclarations);
    }
    match extension(&name) {
        "ts" | "tsx" | "mts" | "cts" | "flow" => Some(PruneClass::TypescriptSources),
        "md" | "markdown" if folders.is_empty() => Some(PruneClass::Markdown),
        native if package.is_native && NATIVE.contains(&native) => Some(PruneClass::NativeSources),
        _ => None,
    }
}

/// Whether a name ends in `.map` after an extension that has maps.
pub(super) fn is_source_map(name: &str) -> bool {
    name.strip_suffix(".map").is_some_and(|mapped| MAPPED.contains(&extension(mapped)))
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn is_declaration(name: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| name.ends_with(end))
}

/// Whether a file may be part of a licence, by its name; code is not.
fn is_legal(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let is_text = matches!(extension(name), "md" | "markdown" | "txt" | "rst" | "html") || stem == name;
    is_text && LEGAL.iter().any(|part| stem.contains(part))
}

fn is_content(folder: &str) -> bool {
    let folder = folder.to_lowercase();
    CONTENT.contains(&folder.as_str()) || TEMPLATES.iter().any(|part| folder.contains(part))
}

/// Whether a file is what node-gyp and make leave beside the addon they build.
fn is_leftover(folders: &str, name: &str) -> bool {
    let mut folders = folders.split('/').skip_while(|folder| *folder != "build");
    let in_build = folders.next().is_some();
    let is_intermediate = folders.any(|folder| matches!(folder, "obj.target" | "obj" | ".deps"));
    in_build && (is_intermediate || OBJECTS.contains(&extension(name)) || matches!(name, "makefile" | "config.gypi"))
}
