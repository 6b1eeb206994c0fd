//! `flightcontrol.json`.

use diagnostics::{Finding, FindingKind, few};
use monorepo::{Glob, Monorepo};
use serde_json::Value;

use super::codes::{
    CONTEXT, HEALTH, INJECTED, NO_DOCKERFILE, NO_SERVICE, NOT_IN_SCHEMA, PORT, RANGE, SECRET, VARIABLE, WATCH,
};
use super::context::{Context, FindingText, finding, secret};
use super::{DeploymentFile, glob};
use crate::flightcontrol::{environments, normal, own_service};
use crate::json_text::{JsonText, Node};

/// Numbers that the schema limits. Memory is not among them: files that work have gigabytes and megabytes. Of processors
/// only what no instance of AWS has is wrong, such as Fargate's own units of 1024.
const RANGES: &[(&str, f64, f64)] = &[
    ("healthCheckTimeoutSecs", 2.0, 120.0),
    ("healthCheckIntervalSecs", 5.0, 300.0),
    ("port", 1.0, 65535.0),
    ("minInstances", 0.0, f64::INFINITY),
    ("cpu", 0.125, 192.0),
];
/// The Dockerfile of a service that names none.
pub(super) const DOCKERFILE: &str = "Dockerfile";
/// The port that Flightcontrol takes.
const DEFAULT_PORT: u64 = 3000;

/// A service of ours in an environment.
struct Service<'a> {
    context: &'a Context<'a>,
    file: &'a str,
    json: &'a JsonText<'a>,
    environment: &'a Node,
    node: &'a Node,
}

/// Every Dockerfile that is named.
pub(super) fn dockerfile_paths(repo: &Monorepo, text: &str) -> Vec<String> {
    let Ok(json) = JsonText::parse(text) else { return Vec::new() };
    let services = environments(&json).iter().filter_map(|environment| environment.get("services"));
    let paths = services.filter_map(|services| own_service(repo, &json, services)?.get("dockerfilePath"));
    paths.filter_map(|node| json.value(node).as_str().map(|path| normal(path).to_owned())).collect()
}

pub(super) fn check(context: &Context<'_>, file: &DeploymentFile) -> Vec<Finding> {
    let none = |line: usize, found: &str| {
        let text = FindingText { expected: "an environment with the service", found, next: "run `cargo xtask render`" };
        vec![finding(NO_SERVICE, &file.path, line, text)]
    };
    let json = match JsonText::parse(&file.text) {
        Ok(json) => json,
        Err(error) => return none(error.line(), &format!("broken JSON ({error})")),
    };
    let mut findings = Vec::new();
    let mut is_there = false;
    for environment in environments(&json) {
        let services = environment.get("services");
        if let Some(node) = services.and_then(|services| own_service(context.repo, &json, services)) {
            is_there = true;
            let service = Service { context, file: &file.path, json: &json, environment, node };
            findings.extend(CHECKS.iter().flat_map(|check| check(&service)));
        }
    }
    if is_there { findings } else { none(1, "none") }
}

const CHECKS: &[fn(&Service<'_>) -> Vec<Finding>] =
    &[paths, schema, ranges, port, health, variables, watched, secrets, injected];

impl Service<'_> {
    fn value(&self, key: &str) -> Option<Value> {
        self.node.get(key).map(|node| self.json.value(node))
    }

    fn text(&self, key: &str) -> Option<String> {
        self.value(key)?.as_str().map(str::to_owned)
    }

    /// A finding at a key of the service, or at the service where it lacks the key.
    fn finding(&self, kind: FindingKind, key: &str, expected: &str, next: &str) -> Finding {
        let node = self.node.get(key);
        let found = node.map_or_else(|| format!("no {key}"), |node| format!("{key}: {}", self.json.value(node)));
        let text = FindingText { expected, found: &found, next };
        finding(kind, self.file, self.json.line(node.unwrap_or(self.node)), text)
    }
}

fn paths(service: &Service<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = service.text("dockerfilePath").unwrap_or_else(|| DOCKERFILE.to_owned());
    if service.context.missing.contains(normal(&path)) {
        let rendered = format!("{}/Dockerfile.flightcontrol", service.context.recipe.backend);
        let next = format!("write \"{rendered}\"; `cargo xtask render` makes it");
        findings.push(service.finding(NO_DOCKERFILE, "dockerfilePath", "a file of the repository", &next));
    }
    if service.text("dockerContext").is_some_and(|folder| normal(&folder) != ".") {
        findings.push(service.finding(CONTEXT, "dockerContext", "\".\"", "write \"dockerContext\": \".\""));
    }
    findings
}

fn schema(service: &Service<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if service.text("type").as_deref() != Some("web") {
        let next = "write \"type\": \"web\" and \"target\": { \"type\": \"fargate\" }";
        findings.push(service.finding(NOT_IN_SCHEMA, "type", "\"web\"", next));
    }
    let target = service.value("target");
    let kind = target.as_ref().and_then(|target| target.get("type")).and_then(Value::as_str);
    if target.is_some() && !matches!(kind, Some("fargate" | "ecs-ec2")) {
        let expected = "a target with the type \"fargate\" or \"ecs-ec2\"";
        findings.push(service.finding(NOT_IN_SCHEMA, "target", expected, "fix the type"));
    }
    if service.node.get("domain").is_some() {
        let next = "delete the line, and set the domain in the dashboard";
        findings.push(service.finding(NOT_IN_SCHEMA, "domain", "no domain", next));
    }
    findings
}

fn ranges(service: &Service<'_>) -> Vec<Finding> {
    let number = |key: &str| service.value(key).and_then(|value| value.as_f64());
    let wrong = |(key, least, most): &&(&str, f64, f64)| {
        service.node.get(key).is_some() && !number(key).is_some_and(|value| (*least..=*most).contains(&value))
    };
    let mut findings: Vec<Finding> = RANGES
        .iter()
        .filter(wrong)
        .map(|(key, least, most)| {
            let expected = if most.is_finite() { format!("{least} to {most}") } else { format!("{least} or more") };
            service.finding(RANGE, key, &expected, "write a number in this range")
        })
        .collect();
    if let (Some(least), Some(most)) = (number("minInstances"), number("maxInstances"))
        && (most < least || most < 1.0)
    {
        let expected = format!("{} or more", least.max(1.0));
        findings.push(service.finding(RANGE, "maxInstances", &expected, "raise it, or lower minInstances"));
    }
    findings
}

fn port(service: &Service<'_>) -> Vec<Finding> {
    let wanted = u64::from(service.context.recipe.image.port);
    let found = service.value("port").map_or(Some(DEFAULT_PORT), |value| value.as_u64());
    if found == Some(wanted) {
        return Vec::new();
    }
    let next = format!("write \"port\": {wanted}; `cargo xtask check --fix` does it");
    vec![service.finding(PORT, "port", &format!("{wanted}, as `backend.listen` has it"), &next)]
}

/// What the backend answers itself: health, and the routes of plugins; and what the settings name.
fn health(service: &Service<'_>) -> Vec<Finding> {
    let settings = &service.context.repo.settings.flightcontrol;
    let path = service.text("healthCheckPath").unwrap_or_default();
    if path.starts_with("/.backstage/health/") || path.starts_with("/api/") || path == settings.health_check_path {
        return Vec::new();
    }
    let next = format!("write \"healthCheckPath\": \"{}\"", settings.health_check_path);
    vec![service.finding(HEALTH, "healthCheckPath", "a path that the backend answers itself", &next)]
}

fn variables(service: &Service<'_>) -> Vec<Finding> {
    let set = [Some(&service.json.root), Some(service.environment), Some(service.node)];
    let has = |name: &str| {
        let named = set.iter().flatten().filter_map(|node| node.get("envVariables"));
        named.into_iter().any(|variables| variables.get(name).is_some())
    };
    let services = service.environment.get("services").map_or(&[][..], Node::items);
    let handed_out: Vec<Value> = services
        .iter()
        .filter_map(|other| other.get("connectionStringEnvVarName"))
        .map(|node| service.json.value(node))
        .collect();
    let is_missing = |name: &&String| !has(name) && !handed_out.contains(&Value::from(name.as_str()));
    let missing = service.context.needed.iter().filter(is_missing);
    missing
        .map(|name| {
            let text = FindingText {
                expected: "a value under envVariables, or a database that hands it out",
                found: &format!("nothing that sets {name}"),
                next: &format!("set {name}, or accept this with a baseline when the dashboard sets it"),
            };
            finding(VARIABLE, service.file, service.json.line(service.node), text)
        })
        .collect()
}

fn watched(service: &Service<'_>) -> Vec<Finding> {
    let Some(Value::Array(globs)) = service.value("watchPaths") else { return Vec::new() };
    let globs: Vec<Glob> = globs.iter().filter_map(Value::as_str).filter_map(watched_glob).collect();
    let is_unseen = |path: &&String| !globs.iter().any(|glob| glob.is_match(path));
    let unseen: Vec<String> = service.context.inputs.iter().filter(is_unseen).cloned().collect();
    if globs.is_empty() || unseen.is_empty() {
        return Vec::new();
    }
    let found = format!("watchPaths without {}", few(&unseen));
    let next = "run `cargo xtask check --fix`";
    let text = FindingText { expected: "globs that match every file the build reads", found: &found, next };
    let line = service.node.get("watchPaths").map_or(1, |node| service.json.line(node));
    vec![finding(WATCH, service.file, line, text)]
}

fn watched_glob(pattern: &str) -> Option<Glob> {
    glob(pattern.trim_start_matches("./").trim_start_matches('/'))
}

fn secrets(service: &Service<'_>) -> Vec<Finding> {
    let places = [&service.json.root, service.environment, service.node];
    let variables = places.into_iter().filter_map(|node| node.get("envVariables"));
    let mut findings = Vec::new();
    for node in variables {
        let Value::Object(fields) = service.json.value(node) else { continue };
        for (name, value) in fields {
            let Some(found) = value.as_str().and_then(|value| secret(&name, value)) else { continue };
            let next = "withdraw it, then refer to it by fromParameterStore or fromSecretsManager";
            let line = node.get(&name).map_or(1, |node| service.json.line(node));
            let text = FindingText { expected: "a reference to where it is kept", found: &found, next };
            findings.push(finding(SECRET, service.file, line, text));
        }
    }
    findings
}

fn injected(service: &Service<'_>) -> Vec<Finding> {
    if service.value("injectEnvVariablesInDockerfile") == Some(Value::Bool(false)) {
        return Vec::new();
    }
    let next = "run `cargo xtask check --fix`, or write \"injectEnvVariablesInDockerfile\": false";
    vec![service.finding(INJECTED, "injectEnvVariablesInDockerfile", "false", next)]
}
