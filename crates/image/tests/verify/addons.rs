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
