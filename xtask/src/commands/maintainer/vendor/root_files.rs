//! Files in the root of the monorepo that are not the copy's alone.

use std::path::Path;

use diagnostics::{Problem, Problems};
use monorepo::SETTINGS;

use super::FOLDER;
use super::plan::{Change, read};

/// cargo's settings, relative to the monorepo.
const CARGO_SETTINGS: &str = ".cargo/config.toml";
/// cargo reads this one, where both are there (The Cargo Book, "Configuration").
const OLD_CARGO_SETTINGS: &str = ".cargo/config";
/// The line that makes `cargo xtask` a command.
const ALIAS: &str = r#"xtask = "run --package xtask --""#;
/// The value in it.
const ALIAS_VALUE: &str = "run --package xtask --";
/// A settings file in which nothing is set.
const EMPTY_SETTINGS: &str = include_str!("../../../../../assets/xtask.toml");

/// An ignore file, and what belongs into it.
struct IgnoreFile {
    path: &'static str,
    lines: &'static [&'static str],
    /// Whether it is made where there is none.
    always: bool,
}

/// `target` holds some gigabytes. Formatters and build contexts want nothing of the copy.
const IGNORE_FILES: &[IgnoreFile] = &[
    IgnoreFile { path: ".gitignore", lines: &["/target/"], always: true },
    IgnoreFile { path: ".dockerignore", lines: &["target", "tools/backstage-xtask"], always: false },
    IgnoreFile { path: ".prettierignore", lines: &["/target/", "/tools/backstage-xtask/"], always: false },
];

/// The manifest of the workspace as the root of the monorepo needs it.
pub(super) fn workspace(manifest: &str) -> String {
    let inside = manifest
        .replace(r#"members = ["xtask", "crates/*"]"#, &format!(r#"members = ["{FOLDER}/xtask", "{FOLDER}/crates/*"]"#))
        .replace(r#"default-members = ["xtask"]"#, &format!(r#"default-members = ["{FOLDER}/xtask"]"#))
        .replace(r#"path = "crates/"#, &format!(r#"path = "{FOLDER}/crates/"#));
    format!("# The workspace of {FOLDER}. Packages of your own may be members, too.\n{inside}")
}

/// What they lack.
///
/// # Errors
/// A file says something else where the copy needs its line.
pub(super) fn changes(root: &Path) -> Result<Vec<Change>, Problems> {
    let mut changes = Vec::new();
    let mut problems = Vec::new();
    if root.join(OLD_CARGO_SETTINGS).exists() {
        let next = format!("rename it to {CARGO_SETTINGS}");
        let expected = "no such file: cargo reads it in place of config.toml";
        problems.push(Problem::new(root.join(OLD_CARGO_SETTINGS), "cargo's settings", expected, next));
    }
    match with_alias(read(root, CARGO_SETTINGS)?.as_deref()) {
        Ok(text) => changes.extend(text.map(|text| Change { path: CARGO_SETTINGS.to_owned(), text })),
        Err(found) => problems.push(Problem::new(
            root.join(CARGO_SETTINGS),
            found,
            format!("`{ALIAS}` under [alias], or nothing of that name"),
            "make it so by hand, then vendor again",
        )),
    }
    for IgnoreFile { path, lines, always } in IGNORE_FILES {
        let found = read(root, path)?;
        if found.is_some() || *always {
            let text = with_lines(found.as_deref().unwrap_or_default(), lines);
            changes.extend(text.map(|text| Change { path: (*path).to_owned(), text }));
        }
    }
    if read(root, SETTINGS)?.is_none() {
        changes.push(Change { path: SETTINGS.to_owned(), text: EMPTY_SETTINGS.to_owned() });
    }
    if problems.is_empty() { Ok(changes) } else { Err(Problems(problems)) }
}

/// cargo's settings with our alias; nothing when it is there, and what is found when another is.
fn with_alias(found: Option<&str>) -> Result<Option<String>, String> {
    let Some(text) = found else { return Ok(Some(format!("[alias]\n{ALIAS}\n"))) };
    let settings: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    match settings.get("alias").map(|aliases| aliases.get("xtask")) {
        Some(Some(value)) if value.as_str() == Some(ALIAS_VALUE) => Ok(None),
        Some(Some(value)) => Err(format!("the alias xtask = {:?}", value.as_str().unwrap_or("a list"))),
        Some(None) => match text.lines().position(|line| line.trim() == "[alias]") {
            Some(at) => {
                let mut lines: Vec<_> = text.lines().collect();
                lines.insert(at + 1, ALIAS);
                Ok(Some(lines.join("\n") + "\n"))
            }
            None => Err("aliases outside of a table [alias]".to_owned()),
        },
        None => Ok(Some(format!("{}[alias]\n{ALIAS}\n", on_its_own(text)))),
    }
}

/// An ignore file with these lines; nothing when it has them.
fn with_lines(found: &str, lines: &[&str]) -> Option<String> {
    let missing: Vec<_> = lines.iter().filter(|line| !found.lines().any(|there| there.trim() == **line)).collect();
    if missing.is_empty() {
        return None;
    }
    let mut text = on_its_own(found) + &format!("# {FOLDER}\n");
    missing.into_iter().for_each(|line| {
        text += line;
        text += "\n";
    });
    Some(text)
}

/// A text that another can follow after an empty line.
fn on_its_own(text: &str) -> String {
    let trimmed = text.trim_end_matches('\n');
    if trimmed.is_empty() { String::new() } else { format!("{trimmed}\n\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alias_joins_what_is_there() {
        let ours = format!("[alias]\n{ALIAS}\n");
        assert_eq!(with_alias(None).unwrap().unwrap(), ours);
        assert_eq!(with_alias(Some(&ours)).unwrap(), None);
        let net = "[net]\nretry = 3\n";
        assert_eq!(with_alias(Some(net)).unwrap().unwrap(), format!("{net}\n{ours}"));
        let other = "[alias]\nb = \"build\"\n";
        assert_eq!(with_alias(Some(other)).unwrap().unwrap(), format!("{ours}b = \"build\"\n"));
    }

    #[test]
    fn another_command_of_that_name_is_refused() {
        let found = with_alias(Some("[alias]\nxtask = \"run -p tasks --\"\n")).unwrap_err();
        assert_eq!(found, "the alias xtask = \"run -p tasks --\"");
        assert_eq!(with_alias(Some("alias.b = \"build\"\n")).unwrap_err(), "aliases outside of a table [alias]");
        assert!(with_alias(Some("[")).is_err());
    }

    #[test]
    fn lines_are_added_once_and_after_all_others() {
        let text = with_lines("a", &["b", "c"]).unwrap();
        assert_eq!(text, "a\n\n# tools/backstage-xtask\nb\nc\n");
        assert_eq!(with_lines(&text, &["b", "c"]), None);
        assert_eq!(with_lines("", &["b"]).unwrap(), "# tools/backstage-xtask\nb\n");
    }

    #[test]
    fn the_empty_settings_set_nothing() {
        assert_eq!(monorepo::Settings::parse(EMPTY_SETTINGS).unwrap(), monorepo::Settings::default());
        let all: String = EMPTY_SETTINGS
            .lines()
            .skip_while(|line| !line.starts_with('['))
            .map(|line| line.strip_prefix("# ").unwrap_or(line).to_owned() + "\n")
            .collect();
        monorepo::Settings::parse(&all).unwrap();
    }
}
