//! The lists of what an image is made of against the schemas of CycloneDX and SPDX.

use std::path::PathBuf;
use std::process::Command;

use image::{Compression, ImageSpec, LayerFiles, Layout, Owner, write_image, write_layer};
use serde_json::{Value, json};

use crate::common::Sandbox;
use crate::common::npm::{Package, fetch, folder};
use crate::validator::complaints;

/// It has the schemas of CycloneDX.
const CYCLONEDX: Package = (
    "@cyclonedx/cyclonedx-library",
    "9.4.1",
    "sha512-fY/ZEFXEKM4X/eC2vClPrpucgb4IsyKYT1q9SBFx2+ySJ0jA2NELIf1va+8SDlcv6yUgwyLqtJ92g2KivQp3eA==",
);
/// A crate that has the schema of SPDX 2.3.
const SPDX: &str = "serde-spdx@0.10.0";

const LOCKFILE: &str = r#"__metadata:
  version: 8

"@scope/one@npm:^1.0.0":
  version: 1.2.0
  resolution: "@scope/one@npm:1.2.0"
  dependencies:
    two: "npm:^2.0.0"
    absent: "npm:^3.0.0"
  checksum: 10c0/abc
  languageName: node
  linkType: hard

"two@npm:^2.0.0":
  version: 2.0.1
  resolution: "two@npm:2.0.1"
  checksum: 10c0/def
  languageName: node
  linkType: hard

"absent@npm:^3.0.0":
  version: 3.0.0
  resolution: "absent@npm:3.0.0"
  languageName: node
  linkType: hard

"backend@workspace:packages/backend":
  version: 0.0.0-use.local
  resolution: "backend@workspace:packages/backend"
  dependencies:
    "@scope/one": "npm:^1.0.0"
  languageName: unknown
  linkType: soft
"#;
const STATUS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41-12+deb13u1\n\n\
    Package: libstdc++6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:14.2-19\nDepends: libc6 (>= 2.38)\n\n\
    Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n";
const COPYRIGHT: &str = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
    Files: *\nLicense: LGPL-2.1+ and Carnegie\n text\n";

/// A folder with the layout of a small image, whose files come in this order.
fn image(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    let mut layer = LayerFiles::new();
    for (path, text) in files {
        layer.add_bytes(*path, *text, 0o644, Owner::ROOT).unwrap();
    }
    let program = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\x40\0\0\0\0\0node-v24.21.0-";
    layer.add_bytes("usr/local/bin/node", &program[..], 0o755, Owner::ROOT).unwrap();
    let layout = Layout::create(sandbox.root().join("image")).unwrap();
    let spec = ImageSpec {
        architecture: "amd64".to_owned(),
        created: "2026-01-02T03:04:05Z".to_owned(),
        working_dir: "/app".to_owned(),
        layers: vec![write_layer(&layout, &layer, Compression::Gzip, 0).unwrap()],
        ..ImageSpec::default()
    };
    write_image(&layout, &spec, "app:1").unwrap();
    sandbox
}

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("app/yarn.lock", LOCKFILE),
        ("app/packages/backend/package.json", r#"{"name": "backend", "version": "1.0.0"}"#),
        (
            "app/node_modules/@scope/one/package.json",
            r#"{"name": "@scope/one", "version": "1.2.0", "license": "(MIT OR ISC)"}"#,
        ),
        ("app/node_modules/@scope/one/esm/package.json", r#"{"name": "inner", "version": "9.0.0"}"#),
        (
            "app/node_modules/two/package.json",
            r#"{"name": "two", "version": "2.0.1", "licenses": [{"type": "MIT"}, {"type": "Beer"}]}"#,
        ),
        (
            "app/node_modules/three/package.json",
            r#"{"name": "three", "version": "3.0.0+x", "license": "SEE LICENSE IN x"}"#,
        ),
        ("etc/os-release", "ID=debian\nVERSION_ID=\"13\"\n"),
        ("var/lib/dpkg/status", STATUS),
        ("usr/share/doc/libc6/copyright", COPYRIGHT),
    ]
}

/// Both documents of an image, as `verify-image` writes them.
fn documents(sandbox: &Sandbox) -> [Vec<u8>; 2] {
    let names = ["bom.json", "bom.spdx.json"].map(|name| sandbox.root().join(name).display().to_string());
    let image = format!("oci:{}", sandbox.root().join("image").display());
    sandbox.run(&["verify-image", &image, "--sbom", &names[0], "--sbom", &names[1]]);
    names.map(|name| std::fs::read(name).unwrap())
}

fn parsed(documents: &[Vec<u8>; 2]) -> [Value; 2] {
    documents.each_ref().map(|text| serde_json::from_slice(text).unwrap())
}

/// The schema of CycloneDX 1.6, and those it refers to.
fn cyclonedx() -> Vec<PathBuf> {
    let folder = fetch(CYCLONEDX).join("res/schema");
    ["bom-1.6", "spdx", "jsf-0.82"].map(|name| folder.join(format!("{name}.SNAPSHOT.schema.json"))).to_vec()
}

/// The schema of SPDX 2.3: `cargo info` fetches the crate, and compares it with the registry's checksum.
fn spdx() -> Vec<PathBuf> {
    let home = folder().join("cargo");
    std::fs::create_dir_all(&home).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    let fetched = cargo.args(["info", "--quiet", SPDX]).current_dir(&home).output().unwrap();
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"));
    let registries = std::fs::read_dir(cargo.join("registry/src")).unwrap().flatten();
    let schema = format!("{}/schemas/spdx_2_3.json", SPDX.replace('@', "-"));
    let found = registries.map(|registry| registry.path().join(&schema)).find(|schema| schema.is_file());
    vec![found.unwrap_or_else(|| panic!("no {schema}"))]
}

#[test]
fn both_lists_fit_their_schemas() {
    let [cyclone, spdx_list] = parsed(&documents(&image(&files())));
    assert_eq!(complaints(&cyclonedx(), &[cyclone]), [[""; 0]]);
    assert_eq!(complaints(&spdx(), &[spdx_list]), [[""; 0]]);
}

#[test]
fn other_lists_do_not() {
    let [cyclone, spdx_list] = parsed(&documents(&image(&files())));
    let wrong = |good: &Value, changes: &[(&str, Value)]| -> Vec<Value> {
        let changed = changes.iter().map(|(place, wrong)| {
            let mut list = good.clone();
            *list.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = wrong.clone();
            list
        });
        changed.collect()
    };
    let cyclone = wrong(
        &cyclone,
        &[
            ("/serialNumber", json!("1")),
            ("/components/0/type", json!("thing")),
            ("/components/1/licenses", json!([{ "license": { "id": "Beer" } }])),
            ("/metadata/component/hashes/0/content", json!("x")),
        ],
    );
    let spdx_list = wrong(
        &spdx_list,
        &[
            ("/packages/0/name", Value::Null),
            ("/relationships/0/relationshipType", json!("LIKES")),
            ("/packages/1/primaryPackagePurpose", json!("FUN")),
        ],
    );
    assert!(complaints(&cyclonedx(), &cyclone).iter().all(|complaints| !complaints.is_empty()));
    assert!(complaints(&spdx(), &spdx_list).iter().all(|complaints| !complaints.is_empty()));
}

#[test]
fn a_list_has_what_the_image_holds_and_nothing_else() {
    let [cyclone, _] = parsed(&documents(&image(&files())));
    let all: Vec<&str> =
        cyclone["components"].as_array().unwrap().iter().map(|one| one["bom-ref"].as_str().unwrap()).collect();
    let distro = "arch=amd64&distro=debian-13";
    let (libc, stdc) = (
        format!("pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?{distro}"),
        format!("pkg:deb/debian/libstdc%2B%2B6@1:14.2-19?{distro}"),
    );
    let one = "pkg:npm/%40scope/one@1.2.0";
    let backend = "backend@workspace:packages/backend";
    let expected =
        [backend, &libc, &stdc, "pkg:generic/node@24.21.0", one, "pkg:npm/three@3.0.0%2Bx", "pkg:npm/two@2.0.1"];
    assert_eq!(all, expected);
    let needs = |from: &str| {
        let all = cyclone["dependencies"].as_array().unwrap();
        all.iter().find(|entry| entry["ref"] == from).unwrap()["dependsOn"].clone()
    };
    assert_eq!(needs(backend), json!([one]));
    assert_eq!(needs(one), json!(["pkg:npm/two@2.0.1"]), "what is not in the image is not listed");
    assert_eq!(needs(&stdc), json!([libc]));
    let component = |id: &str| {
        let all = cyclone["components"].as_array().unwrap();
        all.iter().find(|one| one["bom-ref"] == id).unwrap().clone()
    };
    assert_eq!(component(one)["licenses"], json!([{ "expression": "(MIT OR ISC)" }]));
    let named = json!([{ "license": { "name": "Carnegie" } }, { "license": { "id": "LGPL-2.1-or-later" } }]);
    assert_eq!(component(&libc)["licenses"], named);
}

#[test]
fn the_same_image_gives_the_same_bytes() {
    let mut files = files();
    let first = image(&files);
    files.reverse();
    let second = image(&files);
    // The image has no name but its folder's.
    let text = |sandbox: &Sandbox| {
        let folder = sandbox.root().display().to_string();
        documents(sandbox).map(|text| String::from_utf8(text).unwrap().replace(&folder, ""))
    };
    assert_eq!(text(&first), text(&second));
    files.push(("app/x", "more"));
    let serial = |sandbox: &Sandbox| parsed(&documents(sandbox))[0]["serialNumber"].clone();
    assert_ne!(serial(&first), serial(&image(&files)));
}
