//! Native addons that cannot be loaded.

use crate::elf::{ARM64, Elf};
use crate::fixture::{ADDON, Fixture, NODE, addon};

fn with(bytes: Vec<u8>) -> Fixture {
    let mut image = Fixture::good();
    image.app.add_bytes(ADDON, bytes, 0o755, NODE).unwrap();
    image
}

#[test]
fn an_addon_of_another_platform() {
    let expected = "an addon for linux/amd64";
    with(Elf { machine: ARM64, ..addon() }.bytes()).has("BI012", Some(ADDON), expected, "one for arm64");
    with(b"\xcf\xfa\xed\xfe....".to_vec()).has("BI012", Some(ADDON), expected, "a program for macOS");
    with(b"MZ".to_vec()).has("BI012", Some(ADDON), expected, "a program for Windows");
    with(b"text".to_vec()).has("BI012", Some(ADDON), expected, "no program");
}

#[test]
fn an_addon_whose_path_says_what_it_is_for() {
    let mut image = Fixture::good();
    image.app("app/node_modules/addon/prebuilds/darwin-x64/a.node", b"\xcf\xfa\xed\xfe....".to_vec());
    image.app("app/node_modules/addon/prebuilds/linux-x64/a.musl.node", b"text".to_vec());
    image.app("app/node_modules/addon-windows/dist/a.node", b"MZ".to_vec());
    assert_eq!(image.verify().findings, []);
}

/// As isolated-vm 6.1 and better-sqlite3 13 ship them: what does not fit by its name is never loaded.
#[test]
fn prebuilt_addons_for_other_versions_of_node_beside_one_that_fits() {
    let mut image = Fixture::good();
    let older = Elf { symbols: &["node_register_module_v127"], ..addon() };
    let own = Elf { symbols: &["node_register_module_v137"], ..addon() };
    for (abi, file) in [(127, older), (137, own)] {
        image.app(&format!("app/node_modules/addon/prebuilds/linux-x64/addon.abi{abi}.glibc.node"), file.bytes());
    }
    let musl = Elf { needed: &["libc.musl-x86_64.so.1"], ..addon() };
    image.app("app/node_modules/addon/prebuilds/linuxmusl-x64.node", musl.bytes());
    assert_eq!(image.verify().findings, []);
}

#[test]
fn prebuilt_addons_for_other_versions_of_node_alone() {
    let mut image = unbuilt("node-gyp-build", "dependencies");
    let older = Elf { symbols: &["node_register_module_v127"], ..addon() };
    image.app("app/node_modules/addon/prebuilds/linux-x64/addon.abi127.glibc.node", older.bytes());
    let expected = "a native addon (*.node), which the install of addon makes";
    image.has("BI025", Some("app/node_modules/addon"), expected, "none");
}

#[test]
fn an_addon_that_needs_newer_libraries() {
    let expected = "an addon that needs only what the image's libraries have";
    let newer = Elf { versions: &[("libc.so.6", "GLIBC_2.42"), ("libc.so.6", "GLIBC_2.34")], ..addon() };
    with(newer.bytes()).has("BI013", Some(ADDON), expected, "nothing in the image has GLIBC_2.42 of libc.so.6");
    let other = Elf { needed: &["libvips.so.42", "libc.so.6"], ..addon() };
    with(other.bytes()).has("BI013", Some(ADDON), expected, "nothing in the image has libvips.so.42");
}

#[test]
fn an_addon_of_another_node() {
    let expected = "NODE_MODULE_VERSION 137, that of the image's Node, or Node-API";
    let older = Elf { symbols: &["node_register_module_v127"], ..addon() };
    with(older.bytes()).has("BI014", Some(ADDON), expected, "NODE_MODULE_VERSION 127");
    let any = Elf { symbols: &["node_register_module_v127", "napi_register_module_v1"], ..addon() };
    assert_eq!(with(any.bytes()).verify().findings, [], "Node-API");
}

/// The addon's package, built by `install` and named in the backend's manifest under `field`, without its addon.
fn unbuilt(install: &str, field: &str) -> Fixture {
    let mut image = Fixture::good().without(ADDON);
    let manifest = format!(r#"{{"name": "addon", "version": "1.2.3", "scripts": {{"install": "{install}"}}}}"#);
    image.app("app/node_modules/addon/package.json", manifest);
    image.app("app/packages/backend/package.json", format!(r#"{{"name": "backend", "{field}": {{"addon": "1"}}}}"#));
    image
}

#[test]
fn an_addon_that_was_not_built() {
    let expected = "a native addon (*.node), which the install of addon makes";
    for install in ["prebuild-install || node-gyp rebuild --release", "node-gyp-build"] {
        unbuilt(install, "dependencies").has("BI025", Some("app/node_modules/addon"), expected, "none");
    }
    let mut other = unbuilt("node-gyp rebuild", "dependencies");
    other.app("app/node_modules/addon/prebuilds/darwin-x64/a.node", b"\xcf\xfa\xed\xfe....".to_vec());
    other.has("BI025", Some("app/node_modules/addon"), expected, "none");
    for fine in [unbuilt("node-gyp rebuild", "optionalDependencies"), unbuilt("echo node-gyp-less", "dependencies")] {
        assert_eq!(fine.verify().findings, []);
    }
}
