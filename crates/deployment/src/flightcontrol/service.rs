//! `flightcontrol.json`: made anew, or brought in line where there is one.

use diagnostics::Problem;
use minijinja::context;
use monorepo::Monorepo;
use recipe::{Recipe, Rendered, fill};
use serde_json::{Value, json};

use super::{FLIGHTCONTROL, quoted, watch_paths};
use crate::json_text::{Edit, JsonText, Node};

const TEMPLATE: &str = include_str!("../../../../assets/flightcontrol.json");

/// Keys of the service whose values follow from the repository and its settings.
const FOLLOWED: &[&str] = &["type", "buildType", "dockerfilePath", "dockerContext", "port", "healthCheckPath"];
/// Keys that are added where they are missing, and else are the user's.
const ADDED: &[&str] = &["target", "injectEnvVariablesInDockerfile"];
/// There is no other port that would work, so nothing of value is lost with one.
const PORT: &str = "port";
/// What a service is called that answers HTTP; the second by older versions of the schema.
const ANSWERING: [&str; 2] = ["web", "fargate"];

/// The file as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The whole file.
    pub file: Rendered,
    /// The file with what is lacking added, and no value lost.
    pub additions: String,
    /// Keys of the service that somebody gave another value, which would be lost.
    pub replaced: Vec<String>,
}

/// Brings `flightcontrol.json` in line: our service in each environment, or a new one in the first. Everything else
/// stays as it is, byte for byte.
///
/// # Errors
/// The file that is there is no JSON, or has no environments. A broken template is said in the same way.
pub fn flightcontrol_json(repo: &Monorepo, recipe: &Recipe, found: Option<&str>) -> Result<Merged, Problem> {
    let template = filled(repo, recipe).map_err(|error| broken_template(&error.to_string()))?;
    let Some(found) = found else {
        return Ok(Merged { additions: template.clone(), file: rendered(template), replaced: Vec::new() });
    };
    let wanted = RequiredService::new(repo, &template)?;
    let json = JsonText::parse(found).map_err(|error| {
        let position = (error.line(), error.column());
        problem(&format!("broken JSON ({error})"), "the services that Flightcontrol deploys, as JSON")
            .at(position.0, position.1)
    })?;
    let lists: Vec<&Node> = environments(&json).iter().filter_map(|environment| environment.get("services")).collect();
    let Some(first) = lists.first() else {
        return Err(problem("no environment with services", "`environments`, each with a list `services`"));
    };
    let mut edits = Vec::new();
    let mut replacing = Vec::new();
    let mut replaced = Vec::new();
    for services in &lists {
        if let Some(service) = own_service(repo, &json, services) {
            replaced.extend(wanted.replace(&json, service, &mut replacing));
            wanted.add(&json, services, service, &mut edits);
        }
    }
    if !lists.iter().any(|services| own_service(repo, &json, services).is_some()) {
        edits.push(json.add_items(first, &wanted.new_services(&json, first)));
    }
    let additions = json.edited(edits.clone());
    edits.extend(replacing);
    Ok(Merged { file: rendered(json.edited(edits)), additions, replaced })
}

/// The environments of a file.
pub(crate) fn environments<'a>(json: &'a JsonText<'_>) -> &'a [Node] {
    json.root.get("environments").map_or(&[], Node::items)
}

/// The service that is our backend: the one with the id of the settings, else the one with a Dockerfile in the
/// backend's folder, else the only one that answers HTTP and whose Dockerfile is nowhere. Any other is somebody else's.
pub(crate) fn own_service<'a>(repo: &Monorepo, json: &JsonText<'_>, services: &'a Node) -> Option<&'a Node> {
    let has = |service: &&Node, key: &str, is_so: &dyn Fn(&str) -> bool| {
        service.get(key).is_some_and(|node| json.value(node).as_str().is_some_and(is_so))
    };
    let all = || services.items().iter();
    let by_id = all().find(|service| has(service, "id", &|id| id == repo.settings.flightcontrol.service));
    let folder = format!("{}/", repo.backend().folder);
    let by_file = || all().find(|service| has(service, "dockerfilePath", &|path| normal(path).starts_with(&folder)));
    let answering = || all().filter(|service| has(service, "type", &|kind| ANSWERING.contains(&kind)));
    let is_astray = |service: &&Node| {
        let is_there = |path: &str| repo.tree.contains(normal(path));
        has(service, "buildType", &|kind| kind == "docker") && !has(service, "dockerfilePath", &is_there)
    };
    let only = || answering().next().filter(|_| answering().count() == 1).filter(is_astray);
    by_id.or_else(by_file).or_else(only)
}

/// A path as it is without `./` at its start or `/` at its end.
pub(crate) fn normal(path: &str) -> &str {
    let mut path = path.trim_end_matches('/');
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    if path.is_empty() { "." } else { path }
}

fn filled(repo: &Monorepo, recipe: &Recipe) -> Result<String, minijinja::Error> {
    let settings = &repo.settings.flightcontrol;
    let paths: Vec<_> = watch_paths(repo, recipe).into_iter().map(quoted).collect();
    fill(
        TEMPLATE,
        &context! {
            region => quoted(&settings.region),
            branch => quoted(&settings.branch),
            service => quoted(&settings.service),
            dockerfile => quoted(recipe.dockerfile()),
            port => recipe.image.port,
            health_check_path => quoted(&settings.health_check_path),
            cpu => settings.cpu.unwrap_or(1.0),
            memory => settings.memory.unwrap_or(2.0),
            min_instances => settings.min_instances.unwrap_or(1),
            max_instances => settings.max_instances.unwrap_or(1),
            watch_paths => paths,
            connection_variable => quoted(&settings.connection_variable),
        },
    )
}

fn rendered(text: String) -> Rendered {
    Rendered { path: FLIGHTCONTROL.to_owned(), text }
}

fn problem(found: &str, expected: &str) -> Problem {
    let next = format!("fix it, or move it away and run `cargo xtask render`, which makes a new {FLIGHTCONTROL}");
    Problem::new(FLIGHTCONTROL, found, expected, next)
}

fn broken_template(error: &str) -> Problem {
    Problem::new(
        "assets/flightcontrol.json",
        error,
        "a template of JSON with a service",
        "compare with `git diff assets`",
    )
}

/// What the template says.
struct RequiredService {
    services: Vec<Value>,
    service: Value,
    /// Sizes that are set.
    sizes: Vec<&'static str>,
    variable: String,
}

impl RequiredService {
    fn new(repo: &Monorepo, template: &str) -> Result<Self, Problem> {
        let document: Value = serde_json::from_str(template).map_err(|error| broken_template(&error.to_string()))?;
        let services = document.pointer("/environments/0/services").and_then(Value::as_array).cloned();
        let services = services.filter(|services| !services.is_empty()).ok_or_else(|| broken_template("no service"))?;
        let settings = &repo.settings.flightcontrol;
        let sizes = [
            ("cpu", settings.cpu.is_some()),
            ("memory", settings.memory.is_some()),
            ("minInstances", settings.min_instances.is_some()),
            ("maxInstances", settings.max_instances.is_some()),
        ];
        Ok(Self {
            service: services[0].clone(),
            services,
            sizes: sizes.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key).collect(),
            variable: settings.connection_variable.clone(),
        })
    }

    /// The keys that the template gives a value, and the user may not.
    fn followed(&self) -> impl Iterator<Item = (&'static str, Value)> + '_ {
        let keys = FOLLOWED.iter().chain(&self.sizes).copied();
        keys.map(|key| (key, self.service.get(key).cloned().unwrap_or_default()))
    }

    /// Replaces values that are other ones, and says which.
    fn replace(&self, json: &JsonText<'_>, service: &Node, edits: &mut Vec<Edit>) -> Vec<String> {
        let mut replaced = Vec::new();
        for (key, wanted) in self.followed().filter(|(key, _)| *key != PORT) {
            if let Some(node) = service.get(key).filter(|node| !is_same(&json.value(node), &wanted)) {
                replaced.push(format!("{key}: {} (line {})", json.value(node), json.line(node)));
                edits.push(json.replace(node, &wanted));
            }
        }
        replaced
    }

    /// Adds what is not there, and the one port that works.
    fn add(&self, json: &JsonText<'_>, services: &Node, service: &Node, edits: &mut Vec<Edit>) {
        let added_once = ADDED.iter().map(|key| (*key, self.service.get(key).cloned().unwrap_or_default()));
        let mut added: Vec<(&str, Value)> =
            self.followed().chain(added_once).filter(|(key, _)| service.get(key).is_none()).collect();
        let port = self.service.get(PORT).cloned().unwrap_or_default();
        if let Some(node) = service.get(PORT).filter(|node| !is_same(&json.value(node), &port)) {
            edits.push(json.replace(node, &port));
        }
        self.watch(json, service, &mut added, edits);
        self.connect(json, services, service, &mut added, edits);
        if !added.is_empty() {
            edits.push(json.add_members(service, &added));
        }
    }

    /// Adds the globs that are missing; those of the user stay.
    fn watch(&self, json: &JsonText<'_>, service: &Node, added: &mut Vec<(&str, Value)>, edits: &mut Vec<Edit>) {
        let wanted = self.service.get("watchPaths").and_then(Value::as_array).cloned().unwrap_or_default();
        let Some(list) = service.get("watchPaths") else {
            added.push(("watchPaths", wanted.into()));
            return;
        };
        let found = json.value(list);
        let is_there = |glob: &Value| found.as_array().is_some_and(|found| found.contains(glob));
        let missing: Vec<_> = wanted.into_iter().filter(|glob| !is_there(glob)).collect();
        if !missing.is_empty() && found.is_array() {
            edits.push(json.add_items(list, &missing));
        }
    }

    /// Hands the connection string of the environment's database to the service, where nothing does so yet.
    fn connect(
        &self,
        json: &JsonText<'_>,
        services: &Node,
        service: &Node,
        added: &mut Vec<(&str, Value)>,
        edits: &mut Vec<Edit>,
    ) {
        let Some(database) = services.items().iter().find(|service| is_database(json, service)) else { return };
        let text = |key: &str| database.get(key).map(|node| json.value(node));
        let Some(id) = text("id").filter(|_| text("connectionStringEnvVarName") != Some(json!(self.variable))) else {
            return;
        };
        let value = json!({ "fromService": { "id": id, "value": "dbConnectionString" } });
        match service.get("envVariables") {
            None => added.push(("envVariables", json!({ &self.variable: value }))),
            Some(variables) if variables.get(&self.variable).is_some() => {}
            Some(variables) => edits.push(json.add_members(variables, &[(&self.variable, value)])),
        }
    }

    /// Our service, and a database where the environment has none.
    fn new_services(&self, json: &JsonText<'_>, services: &Node) -> Vec<Value> {
        let mut new = self.services.clone();
        if services.items().iter().any(|service| is_database(json, service)) {
            new.retain(|service| service.get("type") != Some(&json!("rds")));
            let database = services.items().iter().find(|service| is_database(json, service));
            let id = database.and_then(|database| database.get("id")).map(|node| json.value(node));
            if let (Some(id), Some(service)) = (id, new.first_mut()) {
                service["envVariables"] =
                    json!({ &self.variable: { "fromService": { "id": id, "value": "dbConnectionString" } } });
            }
        }
        new
    }
}

fn is_database(json: &JsonText<'_>, service: &Node) -> bool {
    let is = |key: &str, wanted: &str| service.get(key).is_some_and(|node| json.value(node) == json!(wanted));
    is("type", "rds") && (service.get("engine").is_none() || is("engine", "postgres"))
}

fn is_same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => found == wanted || normal(found) == normal(wanted),
        (Value::Number(found), Value::Number(wanted)) => found.as_f64() == wanted.as_f64(),
        _ => found == wanted,
    }
}
