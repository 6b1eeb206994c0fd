//! What is left of a manifest when only the fields that an install depends on are kept, so that an
//! edit of a lint script does not reinstall 2,800 packages.

use serde_json::{Map, Value};

use crate::install_files::LIFECYCLE_SCRIPTS;

/// Fields that no install reads.
pub const NOT_FOR_INSTALL: &[&str] = &[
    "author",
    "browserslist",
    "bugs",
    "description",
    "eslintConfig",
    "files",
    "homepage",
    "jest",
    "keywords",
    "license",
    "lint-staged",
    "prettier",
    "repository",
    "sideEffects",
];

/// The four maps that name dependencies.
pub const DEPENDENCY_MAPS: &[&str] = &["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// Fields of a packed manifest that decide what a production install does; the archives' manifests
/// must agree with the repository's in all of these.
pub const INSTALL_FIELDS: &[&str] = &[
    "name",
    "version",
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "dependenciesMeta",
    "peerDependenciesMeta",
    "resolutions",
    "bin",
];

/// `publishConfig` keys that packing does not copy over the manifest
/// (`cli-module-build`, `productionPack`, `SKIPPED_KEYS`).
const NOT_COPIED_FROM_PUBLISH_CONFIG: &[&str] = &["access", "registry", "tag"];

/// The manifest without [`NOT_FOR_INSTALL`] and without scripts that Yarn does not run on install.
pub fn install_manifest(manifest: &Value) -> Value {
    let Some(fields) = manifest.as_object() else { return manifest.clone() };
    let kept = fields.iter().filter(|(key, _)| !NOT_FOR_INSTALL.contains(&key.as_str()));
    let mut kept: Map<_, _> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    if let Some(Value::Object(scripts)) = kept.get_mut("scripts") {
        scripts.retain(|name, _| LIFECYCLE_SCRIPTS.contains(&name.as_str()));
        if scripts.is_empty() {
            kept.shift_remove("scripts");
        }
    }
    Value::Object(kept)
}

/// The install manifest of a package as `skeleton.tar.gz` will hold it: `publishConfig` applied, a
/// bundled package without dependencies (`cli-module-build`, `productionPack`).
pub fn production_manifest(manifest: &Value) -> Value {
    let mut packed = manifest.clone();
    if let (Some(fields), Some(Value::Object(overrides))) = (packed.as_object_mut(), manifest.get("publishConfig")) {
        let copied = overrides.iter().filter(|(key, _)| !NOT_COPIED_FROM_PUBLISH_CONFIG.contains(&key.as_str()));
        fields.extend(copied.map(|(key, value)| (key.clone(), value.clone())));
    }
    if packed.get("bundled").and_then(Value::as_bool) == Some(true)
        && let Some(fields) = packed.as_object_mut()
    {
        fields.retain(|key, _| !DEPENDENCY_MAPS.contains(&key.as_str()));
    }
    install_manifest(&packed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_edit_of_a_lint_script_changes_nothing() {
        let manifest =
            |lint: &str| json!({"name": "a", "scripts": {"lint": lint, "postinstall": "x"}, "files": ["dist"]});
        assert_eq!(install_manifest(&manifest("one")), install_manifest(&manifest("two")));
        assert_eq!(install_manifest(&manifest("one")), json!({"name": "a", "scripts": {"postinstall": "x"}}));
    }

    #[test]
    fn a_bundled_package_loses_its_dependencies() {
        let manifest = json!({"name": "app", "bundled": true, "dependencies": {"react": "18"}, "devDependencies": {}});
        assert_eq!(production_manifest(&manifest), json!({"name": "app", "bundled": true}));
    }

    #[test]
    fn publish_config_overrides_all_but_registry_settings() {
        let manifest = json!({"name": "a", "main": "src", "publishConfig": {"main": "dist", "tag": "next"}});
        assert_eq!(production_manifest(&manifest)["main"], "dist");
        assert!(production_manifest(&manifest).get("tag").is_none());
    }
}
