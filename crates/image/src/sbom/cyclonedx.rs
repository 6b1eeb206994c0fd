//! CycloneDX 1.6 (ECMA-424) as JSON.

use serde_json::{Map, Value, json};

use super::inventory::Inventory;
use super::licence::Licence;
use super::{Component, ComponentKind, NamedImage, SbomFormat, TOOL};

/// The image's own reference within the document.
const IMAGE: &str = "image";

pub(super) fn document(subject: &NamedImage, inventory: &Inventory) -> Value {
    let components: Vec<Value> = inventory.components.values().map(component).collect();
    let root = json!({ "ref": IMAGE, "dependsOn": inventory.roots() });
    let others = inventory.components.values().map(|one| json!({ "ref": one.id, "dependsOn": one.depends_on }));
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", subject.uuid(SbomFormat::CycloneDx)),
        "version": 1,
        "metadata": {
            "timestamp": inventory.created,
            "tools": {
                "components": [{ "type": "application", "name": TOOL, "version": env!("CARGO_PKG_VERSION") }],
            },
            "component": {
                "bom-ref": IMAGE,
                "type": "container",
                "name": subject.name,
                "version": subject.digest.as_str(),
                "hashes": [{ "alg": "SHA-256", "content": subject.digest.hex() }],
            },
        },
        "components": components,
        "dependencies": std::iter::once(root).chain(others).collect::<Vec<_>>(),
    })
}

fn component(component: &Component) -> Value {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    set("bom-ref", component.id.clone().into());
    let kind = match component.kind {
        ComponentKind::Node => "platform",
        ComponentKind::Workspace => "application",
        ComponentKind::Debian | ComponentKind::Npm => "library",
    };
    set("type", kind.into());
    match component.name.split_once('/') {
        Some((scope, name)) => {
            set("group", scope.into());
            set("name", name.into());
        }
        None => set("name", component.name.clone().into()),
    }
    set("version", component.version.clone().into());
    if let Some(licences) = licences(component) {
        set("licenses", licences);
    }
    if let Some(cpe) = component.cpe() {
        set("cpe", cpe.into());
    }
    if let Some(purl) = component.purl() {
        set("purl", purl.into());
    }
    if let Some(checksum) = &component.checksum {
        // No hash of the component: it is of the archive that Yarn makes of it.
        set("properties", json!([{ "name": format!("{TOOL}:yarn-checksum"), "value": checksum }]));
    }
    Value::Object(fields)
}

/// Either one expression, or a list of licences.
fn licences(component: &Component) -> Option<Value> {
    let all: Vec<Licence> = component.licences.iter().map(|text| Licence::of(text)).collect();
    match &all[..] {
        [] => None,
        [Licence::Expression(text)] => Some(json!([{ "expression": text }])),
        all => Some(all.iter().map(licence).collect()),
    }
}

fn licence(licence: &Licence) -> Value {
    match licence {
        Licence::Id(id) => json!({ "license": { "id": id } }),
        Licence::Expression(name) | Licence::Name(name) => json!({ "license": { "name": name } }),
    }
}
