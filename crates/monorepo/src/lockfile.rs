//! `yarn.lock` of Yarn 2 and later.
//!
//! Yarn writes this file itself, in a strict subset of YAML (`@yarnpkg/parsers`, `stringifySyml`).
//! Reading that subset line by line takes a hundredth of a YAML parser's time on the 30,000 lines of
//! a usual Backstage repository, and gives a line number for every complaint.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::Problem;

/// The lockfile's name.
pub const LOCKFILE: &str = "yarn.lock";

/// One resolved package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockEntry {
    /// The descriptors (`name@range`) that resolve to it.
    pub descriptors: Vec<String>,
    /// The locator (`name@reference`).
    pub resolution: String,
    /// The version; `0.0.0-use.local` of a workspace.
    pub version: String,
    /// Yarn's checksum of its own archive of the package; workspaces have none.
    pub checksum: Option<String>,
    /// Its dependencies, as name and range.
    pub dependencies: BTreeMap<String, String>,
    /// The line its key is on, from 1.
    pub line: usize,
}

impl LockEntry {
    /// The package's name: the locator up to its last `@` before the reference.
    pub fn name(&self) -> &str {
        package_name(&self.resolution)
    }

    /// The version in the npm registry: `1.2.3` of a locator with the reference `npm:1.2.3`; empty for packages from
    /// elsewhere.
    pub fn registry_version(&self) -> &str {
        let reference = self.resolution.get(self.name().len()..).unwrap_or_default();
        reference.strip_prefix("@npm:").unwrap_or_default()
    }
}

/// The name part of `name@reference`, where the name may begin with a scope's `@`.
pub fn package_name(locator: &str) -> &str {
    let from = usize::from(locator.starts_with('@'));
    match locator[from..].find('@') {
        Some(at) => &locator[..from + at],
        None => locator,
    }
}

/// The packages a repository has agreed on.
#[derive(Debug, Clone, Default)]
pub struct Lockfile {
    /// Every entry, in the file's order.
    pub entries: Vec<LockEntry>,
}

/// Packages whose presence among a package's dependencies means that it compiles, or may compile,
/// native code when it is installed.
const NATIVE_BUILD_TOOLS: &[&str] = &[
    "node-gyp",
    "nan",
    "node-addon-api",
    "prebuild-install",
    "node-gyp-build",
    "node-pre-gyp",
    "@mapbox/node-pre-gyp",
    "bindings",
];

impl Lockfile {
    /// Parses the text of a `yarn.lock`.
    ///
    /// # Errors
    /// It is Yarn 1's, or not one at all.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.lines().take(5).any(|line| line.trim() == "# yarn lockfile v1") {
            return Err(Problem::new(
                LOCKFILE,
                "a lockfile of Yarn 1",
                "one of Yarn 2 or later, as Backstage requires since 1.35",
                "migrate with `yarn set version 4.x && yarn install`, then commit the result",
            ));
        }
        let entries = Parser::default().run(text)?;
        if !text.lines().any(|line| line == "__metadata:") {
            return Err(not_a_lockfile("no `__metadata` section", 1));
        }
        Ok(Self { entries })
    }

    /// Every locator of the file.
    pub fn resolutions(&self) -> BTreeSet<&str> {
        self.entries.iter().map(|entry| entry.resolution.as_str()).collect()
    }

    /// The entry of a workspace, by its folder relative to the root (`.` for the root itself).
    pub fn workspace(&self, name: &str, folder: &str) -> Option<&LockEntry> {
        let resolution = format!("{name}@workspace:{folder}");
        self.entries.iter().find(|entry| entry.resolution == resolution)
    }

    /// The resolution of a descriptor such as `typescript@npm:~5.8.0`.
    pub fn resolve(&self, descriptor: &str) -> Option<&LockEntry> {
        self.entries.iter().find(|entry| entry.descriptors.iter().any(|known| known == descriptor))
    }

    /// Names of the packages that may compile native code during an install.
    pub fn native_addons(&self) -> BTreeSet<String> {
        self.entries
            .iter()
            .filter(|entry| !entry.resolution.contains("@workspace:"))
            .filter(|entry| NATIVE_BUILD_TOOLS.iter().any(|tool| entry.dependencies.contains_key(*tool)))
            .map(|entry| entry.name().to_owned())
            .collect()
    }
}

fn not_a_lockfile(found: impl Into<String>, line: usize) -> Problem {
    Problem::new(
        LOCKFILE,
        found,
        "a lockfile as Yarn writes it",
        "restore it with `git checkout yarn.lock`, or make it anew with `yarn install`",
    )
    .at(line, 1)
}

fn merge_conflict(line: usize) -> Problem {
    Problem {
        next: "run `yarn install`, which resolves it, and commit yarn.lock".to_owned(),
        ..not_a_lockfile("a merge conflict", line)
    }
}

#[derive(Default)]
struct Parser {
    entries: Vec<LockEntry>,
    in_metadata: bool,
    section: String,
}

impl Parser {
    fn run(mut self, text: &str) -> Result<Vec<LockEntry>, Problem> {
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let content = line.trim_end();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if content.starts_with("<<<<<<<") || content.starts_with(">>>>>>>") {
                return Err(merge_conflict(line_number));
            }
            self.line(content, line_number)?;
        }
        Ok(self.entries)
    }

    fn line(&mut self, content: &str, line_number: usize) -> Result<(), Problem> {
        let indent = content.len() - content.trim_start().len();
        let (key, value) =
            split_pair(content.trim_start()).ok_or_else(|| not_a_lockfile(excerpt(content), line_number))?;
        if indent == 0 {
            self.start_entry(&key, line_number);
            return Ok(());
        }
        if self.in_metadata {
            return Ok(());
        }
        let entry = self.entries.last_mut().ok_or_else(|| not_a_lockfile("a field before any package", line_number))?;
        match (indent, key.as_str()) {
            (2, "resolution") => entry.resolution = value,
            (2, "version") => entry.version = value,
            (2, "checksum") => entry.checksum = Some(value),
            (2, _) => self.section = key,
            (4, _) if self.section == "dependencies" => {
                entry.dependencies.insert(key, value);
            }
            _ => {}
        }
        Ok(())
    }

    fn start_entry(&mut self, key: &str, line_number: usize) {
        self.section.clear();
        self.in_metadata = key == "__metadata";
        if !self.in_metadata {
            self.entries.push(LockEntry {
                descriptors: key.split(", ").map(str::to_owned).collect(),
                line: line_number,
                ..LockEntry::default()
            });
        }
    }
}

/// Splits `key: value`, either of which may be in double quotes; long keys begin with `? `.
fn split_pair(text: &str) -> Option<(String, String)> {
    let text = text.strip_prefix("? ").unwrap_or(text);
    if let Some(value) = text.strip_prefix(": ") {
        return Some((String::new(), unquote(value)));
    }
    let (key, rest) = if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find('"')?;
        (&quoted[..end], quoted[end + 1..].trim_start())
    } else {
        let end = text.find(':').unwrap_or(text.len());
        (&text[..end], &text[end..])
    };
    let value = match rest.strip_prefix(':') {
        Some(value) => value.trim(),
        None if rest.is_empty() => "",
        None => return None,
    };
    Some((key.to_owned(), unquote(value)))
}

fn unquote(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value).to_owned()
}

fn excerpt(line: &str) -> String {
    let start: String = line.chars().take(60).flat_map(char::escape_debug).collect();
    format!("`{start}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: &str = r#"# This file is generated by running "yarn install" inside your project.

__metadata:
  version: 8
  cacheKey: 10c0

"@scope/one@npm:^1.0.0, @scope/one@npm:^1.1.0":
  version: 1.2.0
  resolution: "@scope/one@npm:1.2.0"
  dependencies:
    node-gyp: "npm:latest"
    two: "npm:~2.0.0"
  peerDependencies:
    three: "*"
  checksum: 10c0/abc
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

    #[test]
    fn entries_hold_descriptors_resolution_and_dependencies() {
        let lockfile = Lockfile::parse(SMALL).unwrap();
        let one = lockfile.resolve("@scope/one@npm:^1.1.0").unwrap();
        assert_eq!(one.name(), "@scope/one");
        assert_eq!(one.line, 7);
        assert_eq!((one.version.as_str(), one.checksum.as_deref()), ("1.2.0", Some("10c0/abc")));
        assert_eq!(one.dependencies.keys().collect::<Vec<_>>(), ["node-gyp", "two"]);
        let backend = lockfile.workspace("backend", "packages/backend").unwrap();
        assert_eq!(backend.dependencies["@scope/one"], "npm:^1.0.0");
    }

    #[test]
    fn packages_that_depend_on_a_build_tool_are_native() {
        let addons = Lockfile::parse(SMALL).unwrap().native_addons();
        assert_eq!(addons.into_iter().collect::<Vec<_>>(), ["@scope/one"]);
    }

    #[test]
    fn yarn_1_is_refused_with_the_way_out() {
        let problem = Lockfile::parse("# yarn lockfile v1\n\n\nfoo@^1:\n  version \"1\"\n").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "yarn.lock: found a lockfile of Yarn 1, expected one of Yarn 2 or later, as Backstage requires since 1.35\n  hint: migrate with `yarn set version 4.x && yarn install`, then commit the result"
        );
    }

    #[test]
    fn a_merge_conflict_is_named_by_its_line() {
        let text = format!("{SMALL}<<<<<<< HEAD\n");
        let problem = Lockfile::parse(&text).unwrap_err();
        assert_eq!(problem.position.unwrap().line, text.lines().count());
        assert_eq!(problem.found, "a merge conflict");
    }

    #[test]
    fn an_empty_file_is_not_a_lockfile() {
        assert!(Lockfile::parse("").unwrap_err().found.contains("__metadata"));
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC*(\n[ ]{0,4}\\PC*){0,20}") {
            let _ = Lockfile::parse(&text);
        }

        #[test]
        fn a_name_is_a_prefix_of_its_locator(locator in "@?[a-z@/:]{0,20}") {
            prop_assert!(locator.starts_with(package_name(&locator)));
        }
    }
}
