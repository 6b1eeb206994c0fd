//! The `app-config*.yaml` files, and the files they point to.

use std::collections::BTreeSet;
use std::path::Path;

use diagnostics::{Problem, Problems};
use serde_json::Value;

use crate::tree::Tree;

/// What a backend loads on a developer's machine, and a deployed one below its own.
pub(crate) const DEVELOPMENT: &str = "app-config.yaml";
/// The config that only a deployment by Flightcontrol loads.
pub const FLIGHTCONTROL_CONFIG: &str = "app-config.production.flightcontrol.yaml";
/// The configs a deployed backend loads, in order, where they exist.
pub(crate) const DEPLOYED: &[&str] = &[DEVELOPMENT, "app-config.production.yaml", FLIGHTCONTROL_CONFIG];

/// What the configuration files say about a build.
#[derive(Debug, Clone)]
pub struct ConfigFiles {
    /// Every `app-config*.yaml` at the root, sorted.
    pub all: Vec<String>,
    /// Those a deployed backend loads, in loading order.
    pub deployed: Vec<String>,
    /// Their texts, with their names.
    pub deployed_texts: Vec<(String, String)>,
    /// Files and top-level folders that the deployed ones point to and that no workspace carries.
    pub referenced: Vec<String>,
    /// What any of the files says `app.packageName` is; what is only known at run time has a `$` in it.
    pub app_packages: BTreeSet<String>,
    /// The port of `backend.listen`; the last deployed file that sets it wins.
    pub port: u16,
    /// The port at which a request from inside the container is answered, where that can be known.
    pub asked_port: Option<u16>,
    /// Where documentation is generated, `techdocs.generator.runIn`; the last deployed file that sets it wins.
    pub techdocs_run_in: Option<String>,
}

/// Where a backend listens when no file says (`backend-defaults`, `readHttpServerOptions`).
const DEFAULT_PORT: u16 = 7007;
/// Answers 200 when the backend and every plugin have started (`backend-defaults`, `createHealthRouter`). Other paths
/// get the app's page even when nothing works.
pub const READINESS: &str = "/.backstage/health/v1/readiness";

impl ConfigFiles {
    /// Reads the configuration files at the root.
    ///
    /// # Errors
    /// One of the deployed files is not YAML.
    pub fn read(root: &Path, tree: &Tree, workspace_folders: &[&str]) -> Result<Self, Problems> {
        let all: Vec<String> =
            tree.iter().map(|(path, _)| path).filter(|path| is_config(path)).map(str::to_owned).collect();
        let deployed: Vec<_> =
            DEPLOYED.iter().filter(|name| tree.get(name).is_some()).map(|name| (*name).to_owned()).collect();
        let others = all.iter().filter(|name| !deployed.contains(name));
        // Those that no deployed backend loads may be broken.
        let others = others.filter_map(|name| crate::yaml::parse(name, &read(root, name).ok()?, "YAML").ok());
        let mut app_packages: BTreeSet<String> = others.flat_map(|config| app_packages(&config)).collect();
        let (mut referenced, mut deployed_texts) = (BTreeSet::new(), Vec::new());
        let (mut port, mut listens, mut techdocs_run_in) = (DEFAULT_PORT, Listens::default(), None);
        for name in &deployed {
            let text = read(root, name)?;
            deployed_texts.push((name.clone(), text.clone()));
            if text.trim().is_empty() {
                continue;
            }
            let value: Value = crate::yaml::parse(name, &text, "a Backstage configuration as YAML")?;
            port = listen_port(&value).unwrap_or(port);
            listens.merge(&value);
            let run_in = value.pointer("/techdocs/generator/runIn").and_then(Value::as_str);
            techdocs_run_in = run_in.map(str::to_owned).or(techdocs_run_in);
            app_packages.extend(self::app_packages(&value));
            collect_references(&value, tree, workspace_folders, &mut referenced);
        }
        let referenced = referenced.into_iter().collect();
        let asked_port = listens.asked_port();
        Ok(Self { all, deployed, deployed_texts, referenced, app_packages, port, asked_port, techdocs_run_in })
    }

    /// Takes in the configuration that is about to be written, which is loaded last and may point to one file.
    pub(crate) fn add_flightcontrol(&mut self, text: &str, reference: Option<&str>) {
        add(&mut self.all, FLIGHTCONTROL_CONFIG);
        self.all.sort();
        add(&mut self.deployed, FLIGHTCONTROL_CONFIG);
        self.deployed_texts.retain(|(name, _)| name != FLIGHTCONTROL_CONFIG);
        self.deployed_texts.push((FLIGHTCONTROL_CONFIG.to_owned(), text.to_owned()));
        if let Some(reference) = reference {
            add(&mut self.referenced, reference);
            self.referenced.sort();
        }
    }
}

fn add(list: &mut Vec<String>, item: &str) {
    if !list.iter().any(|known| known == item) {
        list.push(item.to_owned());
    }
}

/// How the deployed configuration says that the backend listens.
struct Listens {
    /// The port, unless a variable holds it, or it is not on all addresses.
    port: Option<u16>,
    encrypted: bool,
}

impl Default for Listens {
    fn default() -> Self {
        Self { port: Some(DEFAULT_PORT), encrypted: false }
    }
}

impl Listens {
    /// Takes over what a later file says.
    fn merge(&mut self, config: &Value) {
        let Some(backend) = config.get("backend") else { return };
        if let Some(https) = backend.get("https") {
            self.encrypted = !matches!(https, Value::Null | Value::Bool(false));
        }
        if let Some(listen) = backend.get("listen") {
            let host = match listen {
                Value::String(text) => text.rsplit_once(':').map_or("", |(host, _)| host),
                listen => listen.get("host").and_then(Value::as_str).unwrap_or_default(),
            };
            let reaches_itself = ["", "0.0.0.0", "::", "[::]", "localhost", "127.0.0.1"].contains(&host);
            self.port = listen_port(config).filter(|_| reaches_itself);
        }
    }

    fn asked_port(&self) -> Option<u16> {
        self.port.filter(|_| !self.encrypted)
    }
}

fn read(root: &Path, name: &str) -> Result<String, Problem> {
    std::fs::read_to_string(root.join(name)).map_err(|error| Problem::unreadable(Path::new(name), &error))
}

/// `app.packageName` (`plugin-app-backend`, `appPlugin`), or the `$include` that may hold it.
fn app_packages(config: &Value) -> Vec<String> {
    let app = config.get("app").and_then(Value::as_object);
    let named = app.into_iter().flatten().filter_map(|(key, value)| match value {
        Value::String(name) if key == "packageName" => Some(name.clone()),
        value => (key == "packageName" || key.starts_with('$')).then(|| format!("{key}: {value}")),
    });
    named.collect()
}

/// `backend.listen` is `":7007"`, `"0.0.0.0:7007"`, or an object with `port`.
fn listen_port(config: &Value) -> Option<u16> {
    let listen = config.get("backend")?.get("listen")?;
    match listen.get("port").unwrap_or(listen) {
        Value::String(text) => text.rsplit(':').next()?.parse().ok(),
        value => u16::try_from(value.as_u64()?).ok(),
    }
}

fn is_config(path: &str) -> bool {
    path.starts_with("app-config") && !path.contains('/') && (path.ends_with(".yaml") || path.ends_with(".yml"))
}

fn collect_references(value: &Value, tree: &Tree, workspaces: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(referenced_path(text, tree, workspaces)),
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, tree, workspaces, found)),
        Value::Object(fields) => {
            // Those two count from the file that names them, with or without a dot.
            let named = ["$include", "$file"].iter().filter_map(|key| fields.get(*key)?.as_str());
            let path = |named: &str| format!("./{}", named.split('#').next().unwrap_or_default());
            found.extend(named.filter_map(|named| referenced_path(&path(named), tree, workspaces)));
            fields.values().for_each(|item| collect_references(item, tree, workspaces, found));
        }
        _ => {}
    }
}

/// The top-level folder (or root file) that a relative path in a configuration leads to.
///
/// A whole folder, since a catalog or template file names its neighbours. Development configs count
/// from `packages/backend`, deployed ones from the root, so leading `../` say nothing.
fn referenced_path(text: &str, tree: &Tree, workspaces: &[&str]) -> Option<String> {
    if !text.starts_with("./") && !text.starts_with("../") {
        return None;
    }
    let mut path = text;
    while let Some(rest) = path.strip_prefix("./").or_else(|| path.strip_prefix("../")) {
        path = rest;
    }
    let path = path.trim_end_matches('/');
    if path.is_empty() || !tree.contains(path) || workspaces.iter().any(|folder| is_within(path, folder)) {
        return None;
    }
    let top = path.split('/').next().unwrap_or(path);
    let holds_workspaces = workspaces.iter().any(|folder| is_within(folder, top));
    Some(if holds_workspaces { path.to_owned() } else { top.to_owned() })
}

fn is_within(path: &str, folder: &str) -> bool {
    path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(configs: &[Value]) -> Option<u16> {
        let mut listens = Listens::default();
        configs.iter().for_each(|config| listens.merge(config));
        listens.asked_port()
    }

    #[test]
    fn a_container_asks_itself_only_where_it_can_know_the_answer() {
        let listen = |listen: Value| json!({ "backend": { "listen": listen } });
        for (configs, port) in [
            (vec![], Some(7007)),
            (vec![json!({ "app": {} })], Some(7007)),
            (vec![listen(json!(":8080"))], Some(8080)),
            (vec![listen(json!("0.0.0.0:8080")), listen(json!({ "port": 80, "host": "::" }))], Some(80)),
            (vec![listen(json!({ "port": "${PORT}" }))], None),
            (vec![listen(json!(":${PORT}"))], None),
            (vec![listen(json!("10.0.0.1:7007"))], None),
            (vec![json!({ "backend": { "https": true } })], None),
            (vec![json!({ "backend": { "https": true } }), json!({ "backend": { "https": false } })], Some(7007)),
        ] {
            assert_eq!(asked(&configs), port, "{configs:?}");
        }
    }
}
