//! A log of the findings in SARIF 2.1.0, as code scanning reads it.

use diagnostics::{Finding, FindingKind};
use serde_json::{Value, json};

use crate::source_location::{Place, Places};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log of one verification by a crate with these kinds of findings; accepted findings are in it as suppressed
/// ones.
pub(crate) fn log(places: &Places<'_>, kinds: &[FindingKind], findings: &[Finding], accepted: &[Finding]) -> Value {
    let open = findings.iter().map(|finding| result(places, kinds, finding));
    let accepted = accepted.iter().map(|finding| {
        let mut result = result(places, kinds, finding);
        result["suppressions"] = json!([{ "kind": "external", "justification": "listed in the baseline" }]);
        result
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "backstage-xtask",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": kinds.iter().map(rule).collect::<Vec<_>>(),
            }},
            "results": open.chain(accepted).collect::<Vec<_>>(),
        }],
    })
}

fn rule(kind: &FindingKind) -> Value {
    json!({
        "id": kind.code,
        "shortDescription": { "text": kind.title },
        "fullDescription": { "text": kind.section("Why it matters").unwrap_or(kind.title) },
        "help": { "text": kind.page, "markdown": kind.page },
        "defaultConfiguration": { "level": kind.severity.name() },
    })
}

fn result(places: &Places<'_>, kinds: &[FindingKind], finding: &Finding) -> Value {
    let inside = finding.entry.as_ref().map(|entry| format!("!{entry}")).unwrap_or_default();
    let Finding { found, expected, why, next, .. } = finding;
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": format!("{}{inside}", finding.subject) }],
    });
    if let Some(Place { file, line }) = places.of(finding) {
        location["physicalLocation"] = json!({
            "artifactLocation": { "uri": uri(&file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": line },
        });
    }
    json!({
        "ruleId": finding.code,
        "ruleIndex": kinds.iter().position(|kind| kind.code == finding.code),
        "level": finding.severity.name(),
        "message": { "text": format!("found {found}, expected {expected}\nwhy: {why}\nhint: {next}") },
        "locations": [location],
    })
}

/// A relative path as a URI.
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@+".contains(&byte);
    let encode = |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use monorepo::{BackendChoice, Monorepo};

    use super::*;

    /// Properties that the standard, or GitHub's code scanning, wants of every object along a path; `*` is
    /// each element of a list.
    const REQUIRED: &[(&str, &[&str])] = &[
        ("", &["$schema", "version", "runs"]),
        ("/runs/*", &["tool", "results"]),
        ("/runs/*/tool/driver", &["name", "version", "rules"]),
        ("/runs/*/tool/driver/rules/*", &["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"]),
        ("/runs/*/tool/driver/rules/*/shortDescription", &["text"]),
        ("/runs/*/tool/driver/rules/*/fullDescription", &["text"]),
        ("/runs/*/tool/driver/rules/*/help", &["text", "markdown"]),
        ("/runs/*/tool/driver/rules/*/defaultConfiguration", &["level"]),
        ("/runs/*/results/*", &["ruleId", "ruleIndex", "level", "message", "locations"]),
        ("/runs/*/results/*/message", &["text"]),
        ("/runs/*/results/*/locations/*/physicalLocation/artifactLocation", &["uri", "uriBaseId"]),
        ("/runs/*/results/*/locations/*/physicalLocation/region", &["startLine"]),
        ("/runs/*/results/*/locations/*/logicalLocations/*", &["fullyQualifiedName"]),
    ];

    fn at<'a>(values: Vec<&'a Value>, path: &str) -> Vec<&'a Value> {
        path.split('/').skip(1).fold(values, |values, part| match part {
            "*" => values.into_iter().flat_map(|value| value.as_array().unwrap()).collect(),
            name => values.into_iter().map(|value| value.get(name).unwrap()).collect(),
        })
    }

    fn minimal() -> Monorepo {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/fixtures/minimal");
        Monorepo::read(&root, &BackendChoice::Only).unwrap()
    }

    #[test]
    fn the_log_has_what_the_standard_requires() {
        let repo = minimal();
        let empty = tempfile::tempdir().unwrap();
        let verification = artifacts::verify(empty.path(), &repo);
        let all = verification.baseline.clone();
        let log = [verification, artifacts::verify_against(empty.path(), &repo, &all)]
            .map(|found| log(&Places::new(&repo, None), artifacts::CODES, &found.findings, &found.accepted));
        for log in &log {
            for (path, names) in REQUIRED {
                let objects = at(vec![log], path);
                assert!(!objects.is_empty(), "nothing at {path}");
                for (object, name) in objects.iter().flat_map(|object| names.iter().map(move |name| (object, name))) {
                    assert!(object.get(name).is_some_and(|value| !value.is_null()), "no {name} in {path}: {object}");
                }
            }
            for result in at(vec![log], "/runs/*/results/*") {
                let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
                assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
            }
        }
        assert_eq!(log[0]["version"], "2.1.0");
        let first = &log[0]["runs"][0]["results"][0];
        assert_eq!((&first["ruleId"], &first["level"]), (&json!("BX001"), &json!("error")));
        let location = &first["locations"][0];
        assert_eq!(
            location["physicalLocation"],
            json!({
                "artifactLocation": { "uri": "packages/backend/package.json", "uriBaseId": "%SRCROOT%" },
                "region": { "startLine": 2 },
            })
        );
        assert_eq!(location["logicalLocations"], json!([{ "fullyQualifiedName": "skeleton.tar.gz" }]));
        assert!(first.get("suppressions").is_none());
        assert_eq!(log[1]["runs"][0]["results"][0]["suppressions"][0]["kind"], "external");
    }

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("packages/a b/pä#.json"), "packages/a%20b/p%C3%A4%23.json");
    }
}
