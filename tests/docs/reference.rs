//! The pages under `docs/reference` are complete: commands, flags, settings and findings.

use std::process::Command;

use serde_json::Value;

use crate::harness::{run, workspace};

fn page(name: &str) -> String {
    std::fs::read_to_string(workspace().join("docs/reference").join(name)).unwrap()
}

fn xtask(arguments: &[&str]) -> String {
    run(Command::new(env!("CARGO_BIN_EXE_backstage-xtask")).args(arguments))
}

/// The long flags in a page of the manual.
fn flags(manual: &str) -> Vec<String> {
    let is_flag = |letter: char| letter.is_ascii_lowercase() || letter == '-';
    let plain = manual.replace(r"\-", "-");
    let flags = plain.split("--").skip(1).map(|rest| rest.chars().take_while(|letter| is_flag(*letter)).collect());
    flags.filter(|flag: &String| flag.len() > 1).map(|flag| format!("`--{flag}")).collect()
}

#[test]
fn every_command_and_flag_is_listed() {
    let (page, folder) = (page("commands.md"), tempfile::tempdir().unwrap());
    xtask(&["man", folder.path().to_str().unwrap()]);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let command = name.strip_prefix("backstage-xtask").unwrap().trim_start_matches('-');
        let is_listed =
            page.contains(&format!("`{command}")) || page.contains(&format!("`{}", command.replace('-', " ")));
        assert!(command.is_empty() || command.ends_with("help") || is_listed, "{command}");
        for flag in flags(&std::fs::read_to_string(&file).unwrap()) {
            assert!(["`--help", "`--version"].contains(&flag.as_str()) || page.contains(&flag), "{command}: {flag}");
        }
    }
}

#[test]
fn every_setting_is_listed() {
    let (page, schema) = (page("settings.md"), xtask(&["schema"]));
    let schema: Value = serde_json::from_str(&schema).unwrap();
    for (section, settings) in schema["properties"].as_object().unwrap() {
        assert!(page.contains(&format!("\n## `[{section}]`\n")), "{section}");
        for key in settings["properties"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{key}`")), "{section}: {key}");
        }
    }
}

#[test]
fn every_code_is_in_a_range() {
    let (page, list) = (page("findings.md"), xtask(&["explain"]));
    let codes: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for family in ["BX", "BI", "BF"] {
        let last = codes.iter().rfind(|code| code.starts_with(family)).unwrap();
        assert!(page.contains(&format!(": `{family}001` to `{last}`\n")), "{last}");
    }
}
