//! What other programs show of this one: shells, man, editors.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::process::Command;

use common::Sandbox;
use monorepo::Settings;
use serde_json::{Value, json};

#[test]
fn shells_can_read_their_completions() {
    let sandbox = Sandbox::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.succeed(&["completions", shell]);
        assert!(script.contains("verify-artifacts") && script.contains("backstage-xtask"), "{shell}");
        if shell == "bash" {
            sandbox.write("completions", &script);
            assert!(Command::new("bash").arg("-n").arg(sandbox.path("completions")).status().unwrap().success());
        }
    }
}

#[test]
fn each_command_has_a_page_with_examples() {
    let sandbox = Sandbox::empty();
    let pages = sandbox.succeed(&["man", "share/man1"]);
    assert!(pages.lines().count() > 20, "{pages}");
    for page in pages.lines() {
        assert!(sandbox.read(page).contains("\n.TH "), "{page}");
    }
    assert!(sandbox.read("share/man1/backstage-xtask-check.1").contains("Examples:"));
    assert!(!pages.contains("help"), "{pages}");
}

fn schema() -> Value {
    serde_json::from_str(&Sandbox::empty().succeed(&["schema"])).unwrap()
}

/// The names that the parser lists when it meets one that it does not know.
fn names(section: &str) -> BTreeSet<String> {
    let error = Settings::parse(&format!("{section}\nzzz = 1\n")).unwrap_err();
    error.expected.strip_prefix("one of ").unwrap().split(", ").map(str::to_owned).collect()
}

fn keys(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

/// A setting alone in its file. What JSON writes for texts, numbers and lists, TOML reads.
fn set(section: &str, key: &str, value: &Value) -> Result<Settings, diagnostics::Problem> {
    Settings::parse(&format!("[{section}]\n{key} = {value}\n"))
}

#[test]
fn the_schema_of_settings_is_what_the_parser_takes() {
    let schema = schema();
    assert_eq!(keys(&schema), names(""));
    assert_eq!(schema["additionalProperties"], false);
    for (section, of_section) in schema["properties"].as_object().unwrap() {
        assert_eq!(keys(of_section), names(&format!("[{section}]")), "{section}");
        assert_eq!(of_section["additionalProperties"], false);
        for (key, setting) in of_section["properties"].as_object().unwrap() {
            if let Some(default) = setting.get("default") {
                assert_eq!(set(section, key, default).unwrap(), Settings::default(), "{section}.{key}");
            }
            for value in setting["enum"].as_array().into_iter().flatten() {
                set(section, key, value).unwrap();
            }
            let of_another_type = if setting["type"] == "boolean" { json!("x") } else { json!(true) };
            assert!(set(section, key, &of_another_type).is_err(), "{section}.{key}");
        }
    }
    assert!(set("flightcontrol", "ssl", &json!("never")).is_err());
}
