//! What pruning has to know about a package, from its manifest.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::ImageError;

/// A package of the app.
#[derive(Debug)]
pub(super) struct Package {
    /// Its folder on the host.
    pub(super) host: PathBuf,
    /// Its folder relative to the app's root.
    pub(super) target: PathBuf,
    /// Whether it is one of the user's own.
    pub(super) is_workspace: bool,
    pub(super) name: String,
    pub(super) version: String,
    /// The field `configSchema` (of Backstage): a value, or the path of a file.
    pub(super) config_schema: Option<Value>,
    /// Files and folders that entry points name, relative to the package. A pattern is cut at its star.
    pub(super) entry_points: BTreeSet<String>,
    /// Packages it may load: all dependencies but those of development.
    pub(super) needs: BTreeSet<String>,
    /// Names of its programs in `node_modules/.bin`.
    pub(super) programs: BTreeSet<String>,
    /// Whether a native addon is built in it.
    pub(super) is_native: bool,
}

/// Fields with paths that Node or a program resolves at run time.
const ENTRY_FIELDS: &[&str] = &["main", "module", "exports", "imports", "bin", "browser", "man"];
/// Conditions of `exports` that are for type checkers, bundlers and other runtimes; so are those with `@`.
const OTHER_CONDITIONS: &[&str] =
    &["types", "typings", "typescript", "source", "flow", "deno", "bun", "react-native", "svelte"];
/// Packages of headers, which only something native asks for.
pub(super) const HEADERS: &[&str] = &["nan", "node-addon-api"];

impl Package {
    /// Reads the package in a folder; `None` when there is no manifest.
    pub(super) fn read(host: &Path, target: &Path, is_workspace: bool) -> Result<Option<Self>, ImageError> {
        let file = host.join("package.json");
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(ImageError::io("reading", &file)(error)),
        };
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let json: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| ImageError::unexpected(&file, "a manifest as JSON", error.to_string()))?;
        let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = text("name");
        let needs = needs(&json);
        let is_native = HEADERS.iter().any(|package| *package == name || needs.contains(*package))
            || json.get("gypfile") == Some(&Value::Bool(true))
            || host.join("binding.gyp").exists();
        let mut entry_points = BTreeSet::new();
        ENTRY_FIELDS.iter().filter_map(|field| json.get(*field)).for_each(|value| paths(value, &mut entry_points));
        Ok(Some(Self {
            host: host.to_owned(),
            target: target.to_owned(),
            is_workspace,
            version: text("version"),
            config_schema: json.get("configSchema").cloned(),
            entry_points,
            programs: programs(&name, json.get("bin")),
            needs,
            is_native,
            name,
        }))
    }

    /// The file that `configSchema` names, relative to the package.
    pub(super) fn schema_file(&self) -> Option<String> {
        self.config_schema.as_ref().and_then(Value::as_str).and_then(normal)
    }

    /// Whether an entry point names a file.
    pub(super) fn names(&self, path: &str) -> bool {
        self.entry_points.contains(path)
    }

    /// Whether an entry point leads into a folder at the top of the package.
    pub(super) fn leads_into(&self, folder: &str) -> bool {
        let leads = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.entry_points.iter().any(|path| leads(path)) || self.schema_file().is_some_and(|path| leads(&path))
    }
}

fn needs(json: &Map<String, Value>) -> BTreeSet<String> {
    let maps = ["dependencies", "optionalDependencies", "peerDependencies"];
    let maps = maps.iter().filter_map(|key| json.get(*key).and_then(Value::as_object));
    maps.flat_map(Map::keys).cloned().collect()
}

fn programs(name: &str, bin: Option<&Value>) -> BTreeSet<String> {
    match bin {
        Some(Value::String(_)) => name.rsplit('/').next().map(str::to_owned).into_iter().collect(),
        Some(Value::Object(programs)) => programs.keys().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

/// Collects the paths of a field as far as Node resolves them.
fn paths(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(path) => found.extend(normal(path)),
        Value::Array(values) => values.iter().for_each(|value| paths(value, found)),
        Value::Object(map) => {
            let is_read =
                |key: &str| !OTHER_CONDITIONS.contains(&key) && !key.starts_with('@') && !key.starts_with("types@");
            map.iter().filter(|(key, _)| is_read(key)).for_each(|(_, value)| paths(value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A path without what does not matter in it; `None` for one that names the package as a whole.
fn normal(path: &str) -> Option<String> {
    let path = path.split('*').next().unwrap_or_default();
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}
