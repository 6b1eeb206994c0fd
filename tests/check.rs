//! `check`: each defect is found, by its code, at its line, and nothing else is.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;

use common::{Sandbox, copy_tree, fixture, transcript};
use serde_json::Value;

const SERVICES: &str = "flightcontrol.json";
const DOCKERFILE: &str = "packages/backend/Dockerfile.flightcontrol";
const CONFIG: &str = "app-config.production.flightcontrol.yaml";

/// The minimal repository as we render it.
fn rendered() -> Sandbox {
    let sandbox = Sandbox::of("minimal");
    sandbox.succeed(&["render"]);
    sandbox
}

/// The same with a Dockerfile by hand.
fn by_hand() -> Sandbox {
    let sandbox = rendered();
    sandbox.write(DOCKERFILE, &std::fs::read_to_string(fixture("check/Dockerfile.sound")).unwrap());
    sandbox
}

/// What is found, as code, file and line.
fn found(sandbox: &Sandbox) -> Vec<String> {
    let output = sandbox.run(&["check", "--message-format", "json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let message: Value =
        serde_json::from_str(text.lines().next().unwrap_or_default()).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!(message["event"], "deployment", "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let findings = message["findings"].as_array().unwrap().iter();
    findings.map(|one| format!("{} {}:{}", word(&one["code"]), word(&one["subject"]), word(&one["line"]))).collect()
}

fn line(sandbox: &Sandbox, path: &str, text: &str) -> usize {
    sandbox.read(path).lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in {path}")) + 1
}

#[test]
fn what_we_render_and_a_sound_file_by_hand_have_no_findings() {
    for sandbox in [rendered(), by_hand()] {
        assert_eq!(found(&sandbox), Vec::<String>::new());
        sandbox.succeed(&["check", "--fail-on", "note"]);
    }
}

/// Code, text that is replaced, its replacement, and what the line of the finding holds.
type Defect = (&'static str, &'static str, &'static str, &'static str);

const DEFECTS_OF_SERVICES: &[Defect] = &[
    ("BF001", "\"web\"", "\"worker\", \"x\": [", "\"x\": ["),
    ("BF002", "backend/Dockerfile.flightcontrol", "backend/Containerfile", "dockerfilePath"),
    ("BF003", "\"dockerContext\": \".\"", "\"dockerContext\": \"packages/backend\"", "dockerContext"),
    ("BF004", "\"type\": \"web\"", "\"type\": \"fargate\"", "\"type\": \"fargate\""),
    ("BF004", "\"type\": \"fargate\"", "\"type\": \"lambda\"", "\"target\""),
    ("BF004", "\"cpu\": 1.0", "\"cpu\": 1.0, \"domain\": \"a.example.com\"", "domain"),
    ("BF005", "\"cpu\": 1.0", "\"cpu\": 1024", "cpu"),
    ("BF005", "\"memory\": 2.0", "\"memory\": 2.0, \"healthCheckTimeoutSecs\": 1", "healthCheckTimeoutSecs"),
    ("BF005", "\"minInstances\": 1", "\"minInstances\": 2", "maxInstances"),
    ("BF006", "\"port\": 7007", "\"port\": 3000", "port"),
    ("BF006", "          \"port\": 7007,\n", "", "        {"),
    ("BF007", "/.backstage/health/v1/readiness", "/catalog", "healthCheckPath"),
    ("BF008", "\"connectionStringEnvVarName\": \"POSTGRES_CON_STRING\"", "\"private\": true", "        {"),
    ("BF009", "            \"plugins/**\",\n", "", "watchPaths"),
    ("BF010", "\"port\": 7007", "\"port\": 7007, \"envVariables\": { \"GITHUB_TOKEN\": \"hunter2\" }", "GITHUB_TOKEN"),
    (
        "BF010",
        "\"port\": 7007",
        "\"port\": 7007, \"envVariables\": { \"URL\": \"https://a:hunter2@b.example.com\" }",
        "URL",
    ),
    ("BF011", "          \"injectEnvVariablesInDockerfile\": false,\n", "", "        {"),
];

const DEFECTS_BY_HAND: &[Defect] = &[
    ("BF010", "ENV NODE_ENV=production", "ENV NPM_TOKEN=hunter2", "hunter2"),
    ("BF012", "FROM node:24-trixie-slim AS build", "RUN true", "RUN true"),
    ("BF013", "CMD [\"node\", \"packages/backend\"", "CMD [\"node\", \"packages/app\"", "FROM node:24-trixie-slim\n"),
    ("BF014", "\"app-config.yaml\"", "\"app-config.staging.yaml\"", "CMD"),
    ("BF014", "COPY app-config*.yaml ./\n", "COPY app-config.yaml app-config.production.yaml ./\n", "CMD"),
    ("BF015", ", \"--config\", \"app-config.production.flightcontrol.yaml\"", "", "CMD"),
    (
        "BF016",
        "COPY .yarnrc.yml package.json",
        "COPY packages/backend/dist/skeleton.tar.gz .yarnrc.yml package.json",
        "skeleton.tar.gz .yarnrc",
    ),
    ("BF017", "yarn install --immutable", "yarn install --production", "corepack"),
    ("BF018", "COPY .yarnrc.yml package.json", "COPY package.json", "focus"),
    ("BF019", "USER node", "RUN apt-get update && apt-get install -y build-essential\nUSER node", "build-essential"),
    ("BF020", "USER node\n", "", "FROM node:24-trixie-slim\n"),
    ("BF020", "USER node", "USER 0:0", "USER 0:0"),
    ("BF021", "FROM node:24-trixie-slim AS build", "ARG N=18\nFROM node:${N}-alpine AS build", "FROM node:${N}"),
    ("BF022", "FROM node:24-trixie-slim AS build", "FROM --platform=linux/arm64 node:24-trixie-slim AS build", "arm64"),
];

/// The line that holds a text; one that ends in a line break has to be the whole end of its line.
fn line_of(sandbox: &Sandbox, path: &str, text: &str) -> usize {
    let whole = sandbox.read(path);
    let at = if text.starts_with(' ') {
        service_line(&whole)
    } else {
        whole.find(text).unwrap_or_else(|| panic!("no {text} in {path}"))
    };
    whole[..at].matches('\n').count() + 1
}

/// Where the first service begins.
fn service_line(whole: &str) -> usize {
    whole.find("\"services\": [").map(|at| at + whole[at..].find('{').unwrap()).unwrap()
}

#[test]
fn each_defect_of_the_services_is_found_alone() {
    for (code, from, to, place) in DEFECTS_OF_SERVICES {
        let sandbox = rendered();
        sandbox.replace(SERVICES, from, to);
        let line = line_of(&sandbox, SERVICES, place);
        let found = found(&sandbox);
        // Of broken JSON the parser says where it noticed.
        let is_broken = *code == "BF001" && found.len() == 1 && found[0].starts_with("BF001 flightcontrol.json:");
        assert!(is_broken || found == [format!("{code} {SERVICES}:{line}")], "{code} {to}: {found:?}, line {line}");
    }
}

#[test]
fn each_defect_of_a_dockerfile_is_found_alone() {
    for (code, from, to, place) in DEFECTS_BY_HAND {
        let sandbox = by_hand();
        sandbox.replace(DOCKERFILE, from, to);
        let expected = format!("{code} {DOCKERFILE}:{}", line_of(&sandbox, DOCKERFILE, place));
        assert_eq!(found(&sandbox), [expected], "{to}");
    }
}

#[test]
fn every_code_has_a_defect() {
    let in_files = DEFECTS_OF_SERVICES.iter().chain(DEFECTS_BY_HAND).map(|(code, ..)| *code);
    let tested: BTreeSet<&str> = in_files.chain([OLD, NOT_DEPLOYABLE, STALE_BASELINE]).collect();
    assert_eq!(tested, deployment::CODES.iter().map(|kind| kind.code).collect());
}

#[test]
fn an_ignored_configuration_does_not_reach_the_image() {
    let sandbox = by_hand();
    sandbox.write(&format!("{DOCKERFILE}.dockerignore"), "*.flightcontrol.yaml\n");
    let line = line(&sandbox, DOCKERFILE, "CMD");
    assert_eq!(found(&sandbox), [format!("BF014 {DOCKERFILE}:{line}")]);
    let sandbox = by_hand();
    sandbox.write(&format!("{DOCKERFILE}.dockerignore"), "*\n!app-config*.yaml\n");
    let line = self::line(&sandbox, DOCKERFILE, "COPY .yarnrc.yml");
    assert_eq!(found(&sandbox), vec![format!("BF016 {DOCKERFILE}:{line}"); 3]);
}

#[test]
fn a_variable_that_the_connection_string_replaces_need_not_be_set() {
    let sandbox = rendered();
    let fields = "backend:\n  listen: ':7007'\n  baseUrl: ${BASE_URL}\n  database:\n    client: pg\n    connection:\n      host: ${POSTGRES_HOST}\n      password: ${POSTGRES_PASSWORD}\n";
    sandbox.write("app-config.production.yaml", fields);
    assert_eq!(found(&sandbox).len(), 1);
    let said = transcript(&sandbox.run(&["check"]));
    assert!(said.contains("nothing that sets BASE_URL") && !said.contains("POSTGRES_HOST"), "{said}");
    assert!(said.starts_with("exit 0\n"), "a warning: {said}");
    assert_eq!(sandbox.run(&["check", "--fail-on", "warning"]).status.code(), Some(1));
}

/// The guide's files have the defects that a deployment by them ran into, and no others.
#[test]
fn the_published_guide_has_its_known_defects() {
    let sandbox = Sandbox::of("minimal");
    copy_tree(&fixture("check/guide"), &sandbox.repo());
    let services = |text: &str| format!("{SERVICES}:{}", line(&sandbox, SERVICES, text));
    let dockerfile = |text: &str| format!("{DOCKERFILE}:{}", line(&sandbox, DOCKERFILE, text));
    let service = format!("{SERVICES}:{}", line(&sandbox, SERVICES, "\"services\"") + 1);
    let expected = [
        format!("BF002 {}", services("dockerfilePath")),
        format!("BF004 {}", services("fargate")),
        format!("BF004 {}", services("domain")),
        format!("BF007 {}", services("/catalog")),
        format!("BF008 {service}"),
        format!("BF011 {service}"),
        format!("BF015 {}", dockerfile("CMD")),
        format!("BF017 {}", dockerfile("--production")),
        format!("BF018 {}", dockerfile("--production")),
        format!("BF019 {}", dockerfile("RUN --mount")),
        format!("BF021 {}", dockerfile("as build")),
        format!("BF021 {DOCKERFILE}:{}", 10),
    ];
    assert_eq!(found(&sandbox), expected);
}

/// Without our files, the Dockerfile in the backend's folder is looked at.
#[test]
fn the_documented_multi_stage_build_ships_its_compilers() {
    let sandbox = Sandbox::of("minimal");
    let path = "packages/backend/Dockerfile";
    sandbox.write(path, &std::fs::read_to_string(fixture("check/Dockerfile.multi-stage")).unwrap());
    let lines: Vec<_> = sandbox.read(path).lines().map(str::to_owned).collect();
    let last = lines.iter().rposition(|line| line.starts_with("RUN apt-get")).unwrap() + 1;
    assert_eq!(found(&sandbox), [format!("BF019 {path}:{last}")]);
}

#[test]
fn what_is_safe_is_mended_and_nothing_else() {
    let sandbox = rendered();
    let sound = sandbox.read(SERVICES);
    sandbox.replace(SERVICES, "\"port\": 7007", "\"port\": 3000");
    sandbox.replace(SERVICES, "            \"yarn.lock\"\n", "            \"mine/**\"\n");
    sandbox.replace(SERVICES, "/.backstage/health/v1/readiness", "/catalog");
    let output = sandbox.run(&["check", "--fix"]);
    let said = transcript(&output);
    assert_eq!(output.status.code(), Some(1), "the health check is the user's: {said}");
    assert!(said.contains("flightcontrol.json fixed") && said.contains("\n+            \"yarn.lock\"\n"), "{said}");
    let expected = sound.replace("/.backstage/health/v1/readiness", "/catalog");
    let expected =
        expected.replace("            \"yarn.lock\"\n", "            \"mine/**\",\n            \"yarn.lock\"\n");
    assert_eq!(sandbox.read(SERVICES), expected);
    assert_eq!(found(&sandbox).len(), 1);
}

#[test]
fn accepted_findings_do_not_fail() {
    let sandbox = rendered();
    sandbox.replace(SERVICES, "\"port\": 7007", "\"port\": 3000");
    sandbox.succeed(&["check", "--write-baseline", "baseline.json"]);
    assert!(sandbox.succeed(&["check", "--baseline", "baseline.json"]).contains("accepted BF006 flightcontrol.json"));
}

#[test]
fn an_accepted_finding_that_is_gone_is_a_note() {
    let sandbox = rendered();
    sandbox.replace(SERVICES, "\"port\": 7007", "\"port\": 3000");
    sandbox.succeed(&["check", "--write-baseline", "baseline.json"]);
    sandbox.replace(SERVICES, "\"port\": 3000", "\"port\": 7007");
    let text = sandbox.succeed(&["check", "--baseline", "baseline.json"]);
    let note = "note BF025 flightcontrol.json\n  found none, expected a finding BF006 there, as the baseline says\n";
    assert!(text.contains(note), "{text}");
    let next = "hint: write the baseline anew with `cargo xtask check --write-baseline FILE`";
    assert!(text.contains(next), "{text}");
    let strict = sandbox.run(&["check", "--baseline", "baseline.json", "--fail-on", "note"]);
    assert_eq!(strict.status.code(), Some(1), "{}", transcript(&strict));
    // What another verifier accepts in the same file is not our business.
    sandbox.write("baseline.json", r#"[{"code": "BX022", "subject": "bundle.tar.gz"}]"#);
    assert!(!sandbox.succeed(&["check", "--baseline", "baseline.json"]).contains("BF025"));
}

#[test]
fn a_long_list_is_shortened_and_accepted_as_a_whole() {
    let sandbox = rendered();
    let variables: String = (0..25).map(|number| format!("\"TOKEN_{number}\": \"hunter2\", ")).collect();
    let with = format!("\"port\": 7007, \"envVariables\": {{ {variables}\"A\": \"b\" }}");
    sandbox.replace(SERVICES, "\"port\": 7007", &with);
    assert_eq!(found(&sandbox).len(), 20);
    let text = transcript(&sandbox.run(&["check"]));
    assert_eq!(text.matches("error BF010").count(), 20, "{text}");
    assert_eq!(text.matches(" (and 5 more of this kind), expected").count(), 1, "{text}");
    sandbox.succeed(&["check", "--write-baseline", "baseline.json"]);
    sandbox.succeed(&["check", "--baseline", "baseline.json", "--fail-on", "note"]);
}

#[test]
fn other_forms_and_other_files() {
    let sandbox = rendered();
    sandbox.replace(SERVICES, "\"port\": 7007", "\"port\": 3000");
    let line = line(&sandbox, SERVICES, "\"port\"");
    let github = String::from_utf8(sandbox.run(&["check", "--message-format", "github"]).stdout).unwrap();
    assert!(github.contains(&format!("file=flightcontrol.json,line={line}")), "{github}");
    let sarif: Value = serde_json::from_slice(&sandbox.run(&["check", "--message-format", "sarif"]).stdout).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], SERVICES);
    assert_eq!(place["region"]["startLine"], line);
    let output = sandbox.run(&["check", "--dockerfile", "none"]);
    assert_eq!(output.status.code(), Some(2), "{}", transcript(&output));
    let others = rendered();
    others.write(SERVICES, "{ \"environments\": [{ \"services\": [{ \"id\": \"docs\", \"type\": \"static\" }] }] }");
    assert_eq!(found(&others), ["BF001 flightcontrol.json:1"]);
    let empty = Sandbox::of("minimal");
    assert!(transcript(&empty.run(&["check"])).contains("neither this nor a Dockerfile"));
    std::fs::remove_file(sandbox.path(CONFIG)).unwrap();
    assert_eq!(
        found(&sandbox)[1..],
        [format!("BF014 {DOCKERFILE}:{}", self::line(&sandbox, DOCKERFILE, "CMD [\"node\",\"packages"))]
    );
}

/// Of the lock, which has a test of its own.
#[test]
fn what_a_build_would_refuse_at_once_is_found_without_one() {
    let sandbox = rendered();
    sandbox.write("app-config.production.yaml", "app:\n  baseUrl: http://localhost:7007\n");
    let expected = [format!("{NOT_DEPLOYABLE} app-config.production.yaml:2")];
    assert_eq!(found(&sandbox), expected);
    sandbox.write("xtask.toml", "[flightcontrol]\nbase-url = \"https://portal.example.com\"\n");
    sandbox.succeed(&["render"]);
    assert_eq!(found(&sandbox), Vec::<String>::new(), "the rendered configuration is laid over it");
}

const OLD: &str = "BF023";
const NOT_DEPLOYABLE: &str = "BF024";
/// As a note, of a baseline.
const STALE_BASELINE: &str = "BF025";

#[test]
fn what_was_locked_long_ago_is_said() {
    let sandbox = Sandbox::of("minimal");
    let lock = format!(
        r#"{{
  "schema": 1,
  "release": "trixie",
  "locked": "2020-01-02",
  "npm": {{"name": "npm", "version": "1.0.0", "integrity": "sha512-{}=="}},
  "architectures": {{}},
  "images": {{
    "node:24-trixie-slim": {{"digest": "sha256:{}", "locked": "2020-01-02"}}
  }}
}}"#,
        "A".repeat(86),
        "a".repeat(64)
    );
    sandbox.write("base-image.lock.json", &lock);
    sandbox.succeed(&["render"]);
    assert_eq!(found(&sandbox), [3, 8].map(|line| format!("{OLD} base-image.lock.json:{line}")));
    sandbox.succeed(&["check"]);
    assert_eq!(sandbox.run(&["check", "--fail-on", "warning"]).status.code(), Some(1));
}
