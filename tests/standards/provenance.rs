//! The statement of a build by the rules of in-toto's Statement v1 and SLSA's provenance v1. Neither has a published
//! schema for JSON: these are the fields that their specifications list, with what must be there.

use std::collections::BTreeMap;

use image::{
    Digest,
    provenance::{Dependency, Provenance},
    sbom::NamedImage,
};
use serde_json::{Value, json};

/// Each object by where it is, with the fields that it must have and those that it may have.
const RULES: &[(&str, &[&str], &[&str])] = &[
    ("", &["_type", "subject", "predicateType", "predicate"], &[]),
    ("/subject/0", &["name", "digest"], &["uri", "content", "downloadLocation", "mediaType", "annotations"]),
    ("/predicate", &["buildDefinition", "runDetails"], &[]),
    (
        "/predicate/buildDefinition",
        &["buildType", "externalParameters"],
        &["internalParameters", "resolvedDependencies"],
    ),
    ("/predicate/runDetails", &["builder"], &["metadata", "byproducts"]),
    ("/predicate/runDetails/builder", &["id"], &["builderDependencies", "version"]),
];
const DESCRIPTOR: &[&str] = &["name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"];

/// What the rules have against a statement.
fn complaints(statement: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut fields = |place: &str, required: &[&str], allowed: &[&str]| {
        let Some(Value::Object(found)) = statement.pointer(place) else {
            complaints.push(format!("{place} is no object"));
            return;
        };
        let lacking = required.iter().filter(|name| !found.contains_key(**name));
        complaints.extend(lacking.map(|name| format!("{place} lacks {name}")));
        let unknown =
            found.keys().filter(|name| !required.contains(&name.as_str()) && !allowed.contains(&name.as_str()));
        complaints.extend(unknown.map(|name| format!("{place} has {name}")));
    };
    RULES.iter().for_each(|(place, required, allowed)| fields(place, required, allowed));
    let dependencies = "/predicate/buildDefinition/resolvedDependencies";
    let count = statement.pointer(dependencies).and_then(Value::as_array).map_or(0, Vec::len);
    (0..count).for_each(|index| fields(&format!("{dependencies}/{index}"), &[], DESCRIPTOR));
    for index in 0..count {
        let place = format!("{dependencies}/{index}");
        if ["uri", "digest", "content"].iter().all(|name| statement.pointer(&format!("{place}/{name}")).is_none()) {
            complaints.push(format!("{place} names nothing"));
        }
    }
    let is = |place: &str, text: &str| statement.pointer(place).and_then(Value::as_str) == Some(text);
    if !is("/_type", "https://in-toto.io/Statement/v1") || !is("/predicateType", "https://slsa.dev/provenance/v1") {
        complaints.push("another type".to_owned());
    }
    let is_uri = |place: &str| statement.pointer(place).and_then(Value::as_str).is_some_and(|text| text.contains(':'));
    if !is_uri("/predicate/runDetails/builder/id") || !is_uri("/predicate/buildDefinition/buildType") {
        complaints.push("no URI".to_owned());
    }
    let digest = statement.pointer("/subject/0/digest/sha256").and_then(Value::as_str).unwrap_or_default();
    if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        complaints.push("no digest".to_owned());
    }
    complaints
}

fn statement() -> Value {
    let digest = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let source = Dependency {
        name: "source".to_owned(),
        uri: Some("git+https://example.com/a.git@0123".to_owned()),
        digest: digest("gitCommit", "0123"),
        annotations: BTreeMap::from([("dirty".to_owned(), json!(true))]),
    };
    let recipe = Dependency { name: "recipe".to_owned(), digest: digest("sha256", "ab"), ..Dependency::default() };
    let provenance = Provenance { dependencies: vec![source, recipe], ..Provenance::default() };
    let image = NamedImage { name: "app:1".to_owned(), digest: Digest::of(b"x") };
    serde_json::from_slice(&provenance.statement(&image)).unwrap()
}

#[test]
fn a_statement_keeps_the_rules() {
    let statement = statement();
    assert_eq!(complaints(&statement), [""; 0]);
    let source = &statement["predicate"]["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!((&source["digest"]["gitCommit"], &source["annotations"]["dirty"]), (&json!("0123"), &json!(true)));
}

#[test]
fn another_one_breaks_them() {
    for (place, wrong) in [
        ("/_type", json!("https://in-toto.io/Statement/v0.1")),
        ("/subject/0/digest/sha256", json!("x")),
        ("/predicate/runDetails", json!({})),
        ("/predicate/buildDefinition", json!({ "buildType": "x:y", "externalParameters": {}, "more": 1 })),
        ("/predicate/buildDefinition/resolvedDependencies/1/digest", Value::Null),
        ("/predicate/runDetails/builder/id", json!("nobody")),
    ] {
        let mut statement = statement();
        let field = statement.pointer_mut(place).unwrap();
        if wrong.is_null() {
            statement["predicate"]["buildDefinition"]["resolvedDependencies"][1] = json!({ "name": "recipe" });
        } else {
            *field = wrong;
        }
        assert!(!complaints(&statement).is_empty(), "{place}");
    }
}
