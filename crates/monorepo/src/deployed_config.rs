//! What the configuration of a deployed backend asks of its environment, and where it leads.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use diagnostics::Problem;

/// Keys whose values are shown: none of them is a secret.
const SHOWN: &[&str] = &["app.baseUrl", "backend.baseUrl", "backend.listen"];

/// The configuration that a backend loads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeployedConfig {
    /// Variables of the environment that it refers to, by name.
    pub variables: BTreeMap<String, ConfigVariable>,
    /// Those of them that no longer matter once all files are laid over one another.
    #[serde(skip)]
    pub replaced_variables: BTreeSet<String>,
    /// Where a backend is and listens, as the last file has it that says so.
    pub settings: Vec<ConfigSetting>,
    /// How it reaches its database.
    pub database: DatabaseForm,
}

/// A variable that configuration files refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ConfigVariable {
    /// Every place, as `file:line`.
    pub places: Vec<String>,
    /// Whether every place has a value for when it is not set.
    pub has_fallback: bool,
}

/// A value of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigSetting {
    /// Its key, with dots.
    pub key: String,
    /// Its value, as it is written.
    pub value: String,
    /// The file that it is from.
    pub file: String,
}

/// How a configuration names its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseForm {
    /// No `backend.database`.
    None,
    /// SQLite in memory: empty after each start.
    Memory,
    /// SQLite in a file or folder of the container.
    File,
    /// One string, as `connection` or `connection.connectionString`.
    ConnectionString,
    /// Host, user and the rest apart.
    Fields,
}

impl DeployedConfig {
    /// Reads files, as names and texts, in the order they are loaded.
    ///
    /// # Errors
    /// One is not YAML.
    pub fn read(files: &[(String, String)]) -> Result<Self, Problem> {
        let mut merged = Value::Object(Map::new());
        let mut variables = BTreeMap::new();
        let mut settings: BTreeMap<&str, ConfigSetting> = BTreeMap::new();
        for (name, text) in files {
            collect_variables(name, text, &mut variables);
            if text.trim().is_empty() {
                continue;
            }
            let value: Value = crate::yaml::parse(name, text, "a Backstage configuration as YAML")?;
            for key in SHOWN {
                if let Some(found) = at(&value, key) {
                    let setting = ConfigSetting { key: (*key).to_owned(), value: shown(found), file: name.to_owned() };
                    settings.insert(key, setting);
                }
            }
            merge(&mut merged, value);
        }
        let database = database(&merged);
        let effective = effective_variables(merged);
        let replaced_variables = variables.keys().filter(|name| !effective.contains(*name)).cloned().collect();
        Ok(Self { variables, replaced_variables, settings: settings.into_values().collect(), database })
    }
}

/// Objects are merged, everything else is replaced (`config-loader`, `ConfigReader`).
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, from) => *into = from,
    }
}

/// What a connection string says, whatever stands beside it (`pg`, `ConnectionParameters`).
const OF_CONNECTION_STRING: &[&str] = &["host", "port", "user", "password", "database"];

/// Variables of the configuration as a whole.
fn effective_variables(mut merged: Value) -> BTreeSet<String> {
    let connection = merged.pointer_mut("/backend/database/connection").and_then(Value::as_object_mut);
    if let Some(connection) = connection.filter(|connection| connection.contains_key("connectionString")) {
        connection.retain(|key, _| !OF_CONNECTION_STRING.contains(&key.as_str()));
    }
    let mut names = BTreeSet::new();
    collect_names(&merged, &mut names);
    names
}

fn collect_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => names.extend(variables(text).into_iter().map(|(name, _)| name.to_owned())),
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        Value::Object(fields) => {
            names.extend(fields.get("$env").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_names(value, names));
        }
        _ => {}
    }
}

fn at<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(value, |value, part| value.get(part)).filter(|value| !value.is_null())
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a configuration file has something at a JSON pointer (RFC 6901).
pub fn has_config_value(name: &str, text: &str, pointer: &str) -> bool {
    let value: Result<Value, Problem> = crate::yaml::parse(name, text, "a Backstage configuration as YAML");
    value.is_ok_and(|value| value.pointer(pointer).is_some())
}

/// Whether only this machine could reach the URL; one with a variable is known at run time.
pub fn is_local_url(url: &str) -> bool {
    if url.contains("${") {
        return false;
    }
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let name = host.split([':', '/', '?']).next().unwrap_or_default();
    let is_name = name == "localhost" || name.ends_with(".localhost");
    is_name || ["127.", "0.0.0.0", "[::1]"].iter().any(|start| host.starts_with(start))
}

fn database(config: &Value) -> DatabaseForm {
    let Some(database) = at(config, "backend.database") else { return DatabaseForm::None };
    let is_sqlite = at(database, "client").and_then(Value::as_str).is_some_and(|client| client.contains("sqlite"));
    match (is_sqlite, at(database, "connection")) {
        (true, Some(Value::String(place))) if place == ":memory:" => DatabaseForm::Memory,
        (true, _) => DatabaseForm::File,
        (false, Some(Value::String(_))) => DatabaseForm::ConnectionString,
        (false, Some(fields)) if fields.get("connectionString").is_some() => DatabaseForm::ConnectionString,
        (false, _) => DatabaseForm::Fields,
    }
}

fn collect_variables(file: &str, text: &str, found: &mut BTreeMap<String, ConfigVariable>) {
    for (index, line) in text.lines().enumerate() {
        for (name, has_fallback) in variables(without_comment(line)) {
            let place = format!("{file}:{}", index + 1);
            let variable = found.entry(name.to_owned()).or_insert(ConfigVariable { places: Vec::new(), has_fallback });
            variable.has_fallback &= has_fallback;
            variable.places.push(place);
        }
    }
}

/// `${NAME}` and `${NAME:-fallback}`; `$${` is no variable. And `$env: NAME` (`config-loader`, `substitution`
/// and `include`).
fn variables(line: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    for (start, _) in line.match_indices("${") {
        let inner = &line[start + 2..];
        let Some(inner) = inner.find(['{', '}']).filter(|end| inner[*end..].starts_with('}')).map(|end| &inner[..end])
        else {
            continue;
        };
        if line[..start].ends_with('$') {
            continue;
        }
        let (name, has_fallback) =
            inner.split_once(":-").map_or((inner, false), |(name, fallback)| (name, !fallback.trim().is_empty()));
        found.push((name.trim(), has_fallback));
    }
    if let Some(name) = line.trim_start().trim_start_matches("- ").strip_prefix("$env:") {
        found.push((name.trim().trim_matches(['"', '\'']), false));
    }
    found.retain(|(name, _)| !name.is_empty());
    found
}

/// A line of YAML up to its comment (YAML 1.2, section 6.6): a `#` at the start or after white space, outside
/// of quotes.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut previous) = (None, ' ');
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '#') if previous.is_whitespace() => return &line[..at],
            (None, '"' | '\'') if !previous.is_alphanumeric() => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            _ => {}
        }
        previous = letter;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> DeployedConfig {
        let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        DeployedConfig::read(&files).unwrap()
    }

    #[test]
    fn variables_have_places_and_fallbacks() {
        let text = "app:\n  baseUrl: ${BASE_URL:-http://localhost:7007}\n  title: \"It's ${TITLE} # ${SUFFIX}\"\n  \
            # ${COMMENTED}\n  price: $${NOT_ONE} # ${NEITHER}\n  user:\n    $env: USER_NAME\n  empty: ${EMPTY:-}\n";
        let config = read(&[("a.yaml", text), ("b.yaml", "app:\n  baseUrl: ${BASE_URL}\n")]);
        let found: Vec<_> = config
            .variables
            .iter()
            .map(|(name, variable)| (name.as_str(), variable.places.join(" "), variable.has_fallback))
            .collect();
        let expected = [
            ("BASE_URL", "a.yaml:2 b.yaml:2", false),
            ("EMPTY", "a.yaml:8", false),
            ("SUFFIX", "a.yaml:3", false),
            ("TITLE", "a.yaml:3", false),
            ("USER_NAME", "a.yaml:7", false),
        ];
        assert_eq!(found, expected.map(|(name, places, fallback)| (name, places.to_owned(), fallback)));
        assert!(read(&[("a.yaml", "a: ${A:-b}")]).variables["A"].has_fallback);
    }

    #[test]
    fn the_last_file_wins() {
        let first = "backend:\n  baseUrl: http://localhost:7007\n  listen:\n    port: 7007\n";
        let config = read(&[("a.yaml", first), ("b.yaml", "backend:\n  baseUrl: https://example.com\n  listen:\n")]);
        let found: Vec<_> = config
            .settings
            .iter()
            .map(|setting| (setting.key.as_str(), setting.value.as_str(), &*setting.file))
            .collect();
        assert_eq!(
            found,
            [("backend.baseUrl", "https://example.com", "b.yaml"), ("backend.listen", r#"{"port":7007}"#, "a.yaml")]
        );
    }

    #[test]
    fn the_form_of_the_database() {
        let form = |text: &str| read(&[("a.yaml", text)]).database;
        let memory = "backend: {database: {client: better-sqlite3, connection: ':memory:'}}";
        let string = "backend: {database: {client: pg, connection: {connectionString: '${POSTGRES_CON_STRING}'}}}";
        assert_eq!(form("app: {}"), DatabaseForm::None);
        assert_eq!(form(memory), DatabaseForm::Memory);
        assert_eq!(form(string), DatabaseForm::ConnectionString);
        assert_eq!(form("backend: {database: {client: pg, connection: '${URL}'}}"), DatabaseForm::ConnectionString);
        assert_eq!(form("backend: {database: {client: pg, connection: {host: a}}}"), DatabaseForm::Fields);
        assert_eq!(read(&[("a.yaml", memory), ("b.yaml", string)]).database, DatabaseForm::ConnectionString);
    }

    #[test]
    fn addresses_of_this_machine() {
        for url in ["http://localhost:7007", "http://127.0.0.1", "https://0.0.0.0:80", "http://[::1]:7007", "localhost"]
        {
            assert!(is_local_url(url), "{url}");
        }
        assert!(!is_local_url("https://portal.example.com/localhost") && !is_local_url("${BASE_URL}"));
    }

    #[test]
    fn broken_yaml_names_its_place() {
        let error = DeployedConfig::read(&[("a.yaml".to_owned(), "a: [\n".to_owned())]).unwrap_err();
        assert!(error.to_string().starts_with("a.yaml:"), "{error}");
    }
}
