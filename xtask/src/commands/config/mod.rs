//! `config`: which files a deployed backend loads, and what they ask of its environment.

mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use diagnostics::printable;
use monorepo::{ConfigVariable, DatabaseForm, DeployedConfig, Monorepo, is_local_url};
use process::Interrupt;
use serde::Serialize;
use serde_json::json;

use crate::exit::CheckFailed;
use crate::flags::{Config, MessageFormat, RepositoryFlags};
use crate::image_source;
use crate::output::Printer;
use crate::{invoked_as, repository};
use schema::Schema;

/// What a backend loads that is told nothing (`config-loader`, `ConfigSources.default`).
const UNTOLD: &[&str] = &["app-config.yaml", "app-config.local.yaml"];
/// Largest configuration file that is read.
const LARGEST: u64 = 1 << 20;

/// The configuration of a deployment, before it is read.
struct Subject {
    files: Vec<(String, String)>,
    /// Named by the command, and not there.
    missing: Vec<String>,
    /// Variables that the image sets.
    environment: BTreeSet<String>,
    /// Ports that the image names.
    ports: Vec<String>,
}

/// How a variable gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Source {
    Image,
    Environment,
    Fallback,
    NotSet,
}

impl Source {
    fn words(self) -> &'static str {
        match self {
            Self::Image => "set in the image",
            Self::Environment => "set here",
            Self::Fallback => "has a fallback",
            Self::NotSet => "not set",
        }
    }
}

pub(crate) fn run(
    flags: &Config,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let (subject, repo) = match &flags.image {
        Some(image) => (of_image(image, repository, interrupt)?, None),
        None => of_repository(repository, printer).map(|(subject, repo)| (subject, Some(repo)))?,
    };
    let config = DeployedConfig::read(&subject.files).map_err(diagnostics::Problems::from)?;
    let schema = match &repo {
        Some(repo) => schema::check(repo, &config, repository),
        None => Schema::not_run("an image has no Backstage CLI; in the repository, leave out --image"),
    };
    let sources = sources(&subject, &config);
    match printer.format() {
        MessageFormat::Json => printer.message("config", message(&subject, &config, &sources, &schema)),
        _ => {
            printer.data(table(&subject, &config, &sources).trim_end());
            printer.data(invoked_as::in_text(&schema.table()).trim_end());
        }
    }
    require_files(&subject)?;
    if let Some(first) = schema.complaints().first() {
        let next = "fix the file, or the `configSchema` of the package that reads the key";
        return Err(CheckFailed::new(format!("config:check: {first}")).hint(next).into());
    }
    if flags.require { require_variables(&config, &sources) } else { Ok(()) }
}

/// The variables of a deployment are there, where it is about to begin.
fn require_variables(config: &DeployedConfig, sources: &BTreeMap<String, Source>) -> Result<()> {
    let lines = config.variables.iter().filter(|(name, _)| sources.get(*name) == Some(&Source::NotSet));
    let lines: Vec<String> = lines.map(|(name, one)| format!("{name} ({})", one.places.join(", "))).collect();
    if lines.is_empty() {
        return Ok(());
    }
    Err(CheckFailed::new(format!("not set, and without a fallback: {}", lines.join("; ")))
        .hint("set them in the environment of this command, as the deployment does, or write `${NAME:-VALUE}`")
        .into())
}

fn require_files(subject: &Subject) -> Result<()> {
    match subject.missing.first() {
        Some(missing) => Err(CheckFailed::new(format!(
            "{missing}: named by `--config` of the image's command, and not in the image"
        ))
        .hint("name files that are there, or build with `cargo xtask build-image`")
        .into()),
        None => Ok(()),
    }
}

fn of_repository(flags: &RepositoryFlags, printer: &Printer) -> Result<(Subject, Monorepo)> {
    let repo = repository::read(flags, printer)?;
    let image = recipe::plan(&repo, None).image;
    let subject = Subject {
        files: repo.configs.deployed_texts.clone(),
        missing: Vec::new(),
        environment: names(&image.environment),
        ports: vec![image.port.to_string()],
    };
    Ok((subject, repo))
}

fn of_image(name: &str, flags: &RepositoryFlags, interrupt: &Interrupt) -> Result<Subject> {
    let image = image_source::open(&image_source::parse(name)?, flags, interrupt)??;
    let config = &image.config.config;
    let folder = config.working_dir.trim_matches('/');
    let named = image::config_files(&config.argv());
    let wanted: Vec<&str> = if named.is_empty() { UNTOLD.to_vec() } else { named.clone() };
    let is_wanted = |path: &str| wanted.iter().any(|name| Path::new(path).file_name() == Path::new(name).file_name());
    let tree = image.files(&|path, size| size <= LARGEST && is_wanted(path))?;
    let (mut files, mut missing) = (Vec::new(), Vec::new());
    for name in wanted {
        match tree.resolve(folder, name).and_then(|(_, node)| node.note.as_ref()) {
            Some(bytes) => files.push((name.to_owned(), String::from_utf8_lossy(bytes).into_owned())),
            None if !named.is_empty() => missing.push(name.to_owned()),
            None => {}
        }
    }
    let ports = config.exposed_ports.keys().map(|port| port.split('/').next().unwrap_or_default().to_owned());
    Ok(Subject { files, missing, environment: names(&config.env), ports: ports.collect() })
}

/// Names of the variables of an environment, written as `NAME=value`.
pub(crate) fn names(environment: &[String]) -> BTreeSet<String> {
    environment.iter().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect()
}

fn sources(subject: &Subject, config: &DeployedConfig) -> BTreeMap<String, Source> {
    let source = |name: &String, variable: &ConfigVariable| {
        if subject.environment.contains(name) {
            Source::Image
        } else if std::env::var_os(name).is_some() {
            Source::Environment
        } else if variable.has_fallback {
            Source::Fallback
        } else {
            Source::NotSet
        }
    };
    config.variables.iter().map(|(name, variable)| (name.clone(), source(name, variable))).collect()
}

fn message(
    subject: &Subject,
    config: &DeployedConfig,
    sources: &BTreeMap<String, Source>,
    schema: &Schema,
) -> serde_json::Value {
    let variables = config
        .variables
        .iter()
        .map(|(name, variable)| json!({ "name": name, "places": variable.places, "source": sources.get(name) }));
    json!({
        "files": subject.files.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "missing": subject.missing,
        "variables": variables.collect::<Vec<_>>(),
        "settings": config.settings,
        "database": config.database,
        "ports": subject.ports,
        "check": schema,
    })
}

fn table(subject: &Subject, config: &DeployedConfig, sources: &BTreeMap<String, Source>) -> String {
    let mut text = "configuration, in the order it is loaded\n".to_owned();
    for (name, _) in &subject.files {
        let _ = writeln!(text, "  {}", printable(name));
    }
    text += "variables\n";
    for (name, variable) in &config.variables {
        let words = sources.get(name).map_or("", |source| source.words());
        let _ = writeln!(text, "  {:<28} {words:<17} {}", printable(name), printable(&variable.places.join(", ")));
    }
    text += "settings\n";
    for setting in &config.settings {
        let remark = remark(&setting.key, &setting.value, &subject.ports);
        let _ = writeln!(
            text,
            "  {:<17} {}  ({}){remark}",
            setting.key,
            printable(&setting.value),
            printable(&setting.file)
        );
    }
    let _ = writeln!(text, "  {:<17} {}", "backend.database", database(config.database));
    text
}

/// What is wrong with a value in an image.
fn remark(key: &str, value: &str, ports: &[String]) -> String {
    if key.ends_with("baseUrl") && is_local_url(value) {
        return "\n    warning: no browser elsewhere reaches it; set it to the address of the deployment".to_owned();
    }
    let port: String = value.rsplit(':').next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    if key == "backend.listen" && !port.is_empty() && !ports.is_empty() && !ports.contains(&port) {
        return format!("\n    warning: the image names the port {}", ports.join(", "));
    }
    String::new()
}

fn database(form: DatabaseForm) -> &'static str {
    match form {
        DatabaseForm::None => "not configured\n    warning: a production backend needs one; configure PostgreSQL",
        DatabaseForm::Memory => "SQLite in memory\n    warning: it is empty after each start; configure PostgreSQL",
        DatabaseForm::File => "SQLite in a file\n    warning: it is gone with the container; configure PostgreSQL",
        DatabaseForm::ConnectionString => "one connection string",
        DatabaseForm::Fields => "host, user and password apart",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_addresses_and_other_ports_are_remarked_upon() {
        let ports = ["7007".to_owned()];
        assert!(remark("app.baseUrl", "http://localhost:7007", &ports).contains("no browser"));
        assert_eq!(remark("app.baseUrl", "https://example.com", &ports), "");
        assert!(remark("backend.listen", ":8080", &ports).contains("7007"));
        assert_eq!(remark("backend.listen", r#"{"host":"0.0.0.0","port":7007}"#, &ports), "");
    }
}
