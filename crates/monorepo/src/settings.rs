//! `xtask.toml`: what nobody can find out from the repository, because somebody has to decide it.

use std::collections::BTreeSet;
use std::path::Path;

use diagnostics::{Position, Problem, nearest};
use serde::Deserialize;

use crate::flightcontrol_settings::FlightcontrolSettings;
use crate::techdocs::TechDocsSettings;

/// The settings file's name, in the root of the repository.
pub const SETTINGS: &str = "xtask.toml";

/// Everything that can be set. A file that is not there sets nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// `[runtime]`: what is in the image besides the app.
    pub runtime: RuntimeSettings,
    /// `[flightcontrol]`: how Flightcontrol deploys it.
    pub flightcontrol: FlightcontrolSettings,
    /// `[techdocs]`: whether the image can generate documentation.
    pub techdocs: TechDocsSettings,
}

/// `[runtime]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RuntimeSettings {
    /// Debian packages that the backend starts or loads at run time, such as `git`.
    pub packages: Vec<String>,
    /// Files and folders of the repository that the backend reads, besides its configuration.
    pub files: Vec<String>,
    /// Whether engines ask the running backend if it is ready; where nothing is set, when it is known to answer.
    pub health_check: Option<bool>,
}

impl Settings {
    /// Reads the settings of the repository at `root`.
    ///
    /// # Errors
    /// The file is no TOML, or sets what there is not; the nearest name is said.
    pub fn read(root: &Path) -> Result<Self, Problem> {
        match std::fs::read_to_string(root.join(SETTINGS)) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Problem::unreadable(Path::new(SETTINGS), &error)),
        }
    }

    /// Reads the text of a settings file.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let settings: Self = toml::from_str(text).map_err(|error| broken(text, &error))?;
        settings.flightcontrol.require_sound()?;
        settings.techdocs.check()?;
        match settings.runtime.packages.iter().find(|name| !is_package(name)) {
            Some(name) => Err(Problem::new(
                SETTINGS,
                format!("the package {name:?}"),
                "names of Debian packages, such as \"git\"",
                "fix `packages` of [runtime]",
            )),
            None => Ok(settings),
        }
    }

    /// The Debian packages of the image, sorted: those that are named, and what TechDocs runs on.
    pub fn runtime_packages(&self) -> Vec<String> {
        let python = self.techdocs.enabled.then(|| "python3".to_owned());
        let packages: BTreeSet<_> = self.runtime.packages.iter().cloned().chain(python).collect();
        packages.into_iter().collect()
    }
}

/// Debian Policy, section 5.6.1.
fn is_package(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    name.len() > 1 && name.bytes().all(fits) && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn broken(text: &str, error: &toml::de::Error) -> Problem {
    let problem = described(error.message());
    match error.span() {
        Some(span) => {
            let Position { line, column } = Position::in_text(text, span.start);
            problem.at(line, column)
        }
        None => problem,
    }
}

/// Of a name that there is not, the nearest that there is.
fn described(message: &str) -> Problem {
    // serde: "unknown field `a`, expected `b`", "…, expected one of `b`, `c`".
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((unknown, known)) if message.starts_with("unknown field") && !known.is_empty() => {
            let next = format!("write {} in place of {unknown}, or delete it", nearest(unknown, known.iter().copied()));
            Problem::new(SETTINGS, format!("the name {unknown}"), format!("one of {}", known.join(", ")), next)
        }
        _ => {
            let found = message.lines().next().unwrap_or_default();
            Problem::new(SETTINGS, found, "TOML with the settings that `cargo xtask schema` lists", "fix the line")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem(text: &str) -> String {
        Settings::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn nothing_is_set_by_nothing() {
        assert_eq!(Settings::parse("").unwrap(), Settings::default());
        assert_eq!(Settings::parse("[runtime]\n# none\n").unwrap(), Settings::default());
    }

    #[test]
    fn all_that_can_be_set() {
        let text = "[runtime]\npackages = [\"git\", \"libvips42t64\"]\nfiles = [\"examples\"]\nhealth-check = false\n";
        let runtime = Settings::parse(text).unwrap().runtime;
        assert_eq!((runtime.packages.len(), runtime.files.len(), runtime.health_check), (2, 1, Some(false)));
    }

    #[test]
    fn a_name_that_there_is_not_is_told_with_the_nearest() {
        let text = problem("[runtime]\npakages = []\n");
        assert!(text.starts_with("xtask.toml:2:1: found the name pakages, expected one of packages"), "{text}");
        assert!(text.contains("write packages in place of pakages"), "{text}");
        assert!(problem("[runtimes]\n").contains("write runtime in place of runtimes"));
    }

    #[test]
    fn what_is_no_toml_or_of_another_kind() {
        assert!(problem("[runtime\n").starts_with("xtask.toml:1:"));
        assert!(problem("[runtime]\npackages = \"git\"\n").contains("invalid type: string"));
        for name in ["Git", "a", "git;rm", "-x", "a b", ""] {
            assert!(problem(&format!("[runtime]\npackages = [\"{name}\"]")).contains("names of Debian packages"));
        }
    }

    #[test]
    fn packages_are_sorted_and_techdocs_brings_its_own() {
        let text = "[runtime]\npackages = [\"libvips42t64\", \"git\", \"git\"]\n";
        assert_eq!(Settings::parse(text).unwrap().runtime_packages(), ["git", "libvips42t64"]);
        let settings = Settings::parse(&format!("{text}[techdocs]\nenabled = true\n")).unwrap();
        assert_eq!(settings.runtime_packages(), ["git", "libvips42t64", "python3"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), key in "[a-z`\\[\\]=\"\n.-]{0,30}") {
            let _ = Settings::parse(&text);
            let _ = Settings::parse(&format!("[runtime]\n{key} = 1"));
        }
    }
}
