//! SPDX 2.3 (ISO/IEC 5962) as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::inventory::Inventory;
use super::licence::Licence;
use super::{Component, ComponentKind, NamedImage, SbomFormat, TOOL};
use crate::digest::Digest;

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-image";
const UNKNOWN: &str = "NOASSERTION";

pub(super) fn document(subject: &NamedImage, inventory: &Inventory) -> Value {
    let mut named = BTreeMap::new();
    let mut packages = vec![image(subject)];
    packages.extend(inventory.components.values().map(|one| package(one, &mut named)));
    let names: Vec<Value> = named.iter().map(|(id, text)| json!({ "licenseId": id, "extractedText": text })).collect();
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": subject.name,
        "documentNamespace": format!("https://spdx.org/spdxdocs/{TOOL}-{}", subject.uuid(SbomFormat::Spdx)),
        "creationInfo": {
            "created": inventory.created,
            "creators": [format!("Tool: {TOOL}-{}", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "relationships": relationships(inventory),
    });
    if !names.is_empty() {
        document["hasExtractedLicensingInfos"] = names.into();
    }
    document
}

fn image(subject: &NamedImage) -> Value {
    json!({
        "SPDXID": IMAGE,
        "name": subject.name,
        "versionInfo": subject.digest.as_str(),
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": false,
        "primaryPackagePurpose": "CONTAINER",
        "checksums": [{ "algorithm": "SHA256", "checksumValue": subject.digest.hex() }],
    })
}

fn relationships(inventory: &Inventory) -> Vec<Value> {
    let relation = |from: &str, kind: &str, to: &str| json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to });
    let mut all = vec![relation(DOCUMENT, "DESCRIBES", IMAGE)];
    let contained = inventory.components.values().map(|one| relation(IMAGE, "CONTAINS", &reference(&one.id)));
    all.extend(contained);
    for one in inventory.components.values() {
        all.extend(one.depends_on.iter().map(|id| relation(&reference(&one.id), "DEPENDS_ON", &reference(id))));
    }
    all
}

fn package(component: &Component, named: &mut BTreeMap<String, String>) -> Value {
    let purpose = match component.kind {
        ComponentKind::Node | ComponentKind::Workspace => "APPLICATION",
        ComponentKind::Debian | ComponentKind::Npm => "LIBRARY",
    };
    let security = component.cpe().map(|cpe| ("SECURITY", "cpe23Type", cpe));
    let manager = component.purl().map(|purl| ("PACKAGE-MANAGER", "purl", purl.to_owned()));
    let references: Vec<Value> = security
        .into_iter()
        .chain(manager)
        .map(|(category, kind, locator)| {
            json!({ "referenceCategory": category, "referenceType": kind, "referenceLocator": locator })
        })
        .collect();
    let mut package = json!({
        "SPDXID": reference(&component.id),
        "name": component.name,
        "versionInfo": component.version,
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": false,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": declared(component, named),
        "copyrightText": UNKNOWN,
        "primaryPackagePurpose": purpose,
        "externalRefs": references,
    });
    if let Some(checksum) = &component.checksum {
        // No checksum of the package: it is of the archive that Yarn makes of it.
        package["comment"] = format!("yarn.lock: checksum {checksum}").into();
    }
    package
}

/// An identifier within the document: letters, digits, `.` and `-` alone (SPDX 2.3, 7.2), and unlike any other.
fn reference(id: &str) -> String {
    let digest = Digest::of(id.as_bytes());
    format!("SPDXRef-{}-{}", plain(id), &digest.hex()[..12])
}

fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    text.chars().map(plain).collect()
}

/// Everything it says of its licence, as one expression.
fn declared(component: &Component, named: &mut BTreeMap<String, String>) -> String {
    let mut operand = |text: &String| match Licence::of(text) {
        Licence::Id(id) => id,
        Licence::Expression(text) if component.licences.len() > 1 => format!("({text})"),
        Licence::Expression(text) => text,
        Licence::Name(name) => {
            let id = format!("LicenseRef-{}-{}", plain(&name), &Digest::of(name.as_bytes()).hex()[..8]);
            named.insert(id.clone(), name);
            id
        }
    };
    let operands: Vec<String> = component.licences.iter().map(&mut operand).collect();
    if operands.is_empty() { UNKNOWN.to_owned() } else { operands.join(" AND ") }
}
