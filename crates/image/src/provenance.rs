//! How an image came about: a statement of in-toto (attestation specification, Statement v1) with SLSA's provenance
//! (SLSA specification 1.0, provenance/v1). Nothing in it depends on when or where a build ran, so that equal builds
//! have equal statements; nobody signed it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::document::{Pairs, json as bytes};
use crate::sbom::{NamedImage, TOOL};

/// Media type of a statement (in-toto attestation specification, "Bundle": of a single one).
pub const STATEMENT: &str = "application/vnd.in-toto+json";
/// Which template the parameters follow: they are listed in ARCHITECTURE.md under "Provenance".
const BUILD_TYPE: &str = "urn:backstage-xtask:build-image:1";
/// Who built: this tool, on a machine that it says nothing about.
const BUILDER: &str = "urn:backstage-xtask:builder";

/// Something that went into an image (`ResourceDescriptor`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependency {
    /// What it was for.
    pub name: String,
    /// Where it can be had.
    pub uri: Option<String>,
    /// By algorithm, such as `sha256` or `gitCommit`, in hexadecimal.
    pub digest: Pairs,
    /// What else is to be known.
    pub annotations: BTreeMap<String, Value>,
}

/// How an image came about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// What the caller chose; no secrets.
    pub parameters: Map<String, Value>,
    /// What this tool chose by itself.
    pub internal: Map<String, Value>,
    /// What went in.
    pub dependencies: Vec<Dependency>,
}

impl Provenance {
    /// The statement about an image, which ends with a new line.
    pub fn statement(&self, image: &NamedImage) -> Vec<u8> {
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": image.name, "digest": { "sha256": image.digest.hex() } }],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": self.parameters,
                    "internalParameters": self.internal,
                    "resolvedDependencies": self.dependencies.iter().map(dependency).collect::<Vec<_>>(),
                },
                "runDetails": {
                    "builder": { "id": BUILDER, "version": { TOOL: env!("CARGO_PKG_VERSION") } },
                },
            },
        });
        let mut text = bytes(&statement);
        text.push(b'\n');
        text
    }
}

fn dependency(dependency: &Dependency) -> Value {
    let mut fields = Map::from_iter([("name".to_owned(), Value::from(dependency.name.clone()))]);
    if let Some(uri) = &dependency.uri {
        fields.insert("uri".to_owned(), uri.clone().into());
    }
    if !dependency.digest.is_empty() {
        fields.insert("digest".to_owned(), json!(dependency.digest));
    }
    if !dependency.annotations.is_empty() {
        fields.insert("annotations".to_owned(), json!(dependency.annotations));
    }
    Value::Object(fields)
}
