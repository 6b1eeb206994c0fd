//! Which Node a repository runs: one version for every stage.

use std::path::Path;

use diagnostics::Problem;
use serde::Serialize;

use crate::manifest::Manifest;

/// The newest long-term release line an open range such as `>=22` is read as.
const NEWEST_LONG_TERM_RELEASE: u32 = 24;
const OLDEST: u32 = 16;
const NEWEST: u32 = 40;

/// The chosen Node version, and the file that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeVersion {
    /// Release line, such as 24.
    pub major: u32,
    /// The version as an image tag: `24`, or `24.3.0` where the repository pins it.
    pub version: String,
    /// Where it was found, for people.
    pub source: String,
}

impl NodeVersion {
    /// Reads `.nvmrc`, then `.node-version`, then `engines.node`; without any, the newest long-term release.
    ///
    /// # Errors
    /// A version file that `engines.node` excludes, or a range that no release line satisfies.
    pub fn read(root: &Path, manifest: &Manifest) -> Result<Self, Problem> {
        let range = manifest.engines.get("node").map(String::as_str);
        for name in [".nvmrc", ".node-version"] {
            let Ok(text) = std::fs::read_to_string(root.join(name)) else { continue };
            if let Some((major, version)) = parse_version(&text) {
                if range.is_some_and(|range| !satisfies(range, major)) {
                    return Err(disagreement(name, text.trim(), range.unwrap_or_default()));
                }
                return Ok(Self { major, version, source: name.to_owned() });
            }
        }
        let Some(range) = range else {
            return Ok(Self::line(NEWEST_LONG_TERM_RELEASE, "the default: package.json has no engines.node"));
        };
        let newest = choose(range).ok_or_else(|| {
            Problem::new(
                "package.json",
                format!("engines.node: \"{range}\""),
                "a range that some release of Node is in, such as \"22 || 24\"",
                "fix engines.node, or name the version in .nvmrc",
            )
        })?;
        Ok(Self::line(newest, &format!("engines.node \"{range}\" in package.json")))
    }

    /// Whether another release line is as good: a version file names one, `engines.node` may leave a choice.
    pub(crate) fn allows(&self, major: u32, manifest: &Manifest) -> bool {
        let range = manifest.engines.get("node").filter(|_| !self.source.starts_with('.'));
        range.map_or(major == self.major, |range| satisfies(range, major))
    }

    fn line(major: u32, source: &str) -> Self {
        Self { major, version: major.to_string(), source: source.to_owned() }
    }
}

fn disagreement(file: &str, version: &str, range: &str) -> Problem {
    Problem::new(
        file,
        format!("Node {version}"),
        format!("a version that engines.node of package.json allows (\"{range}\")"),
        format!("make {file} and engines.node agree"),
    )
}

/// `v24.3.0`, `24.3` or `24`. Aliases such as `lts/jod` or `node` are not read: what they mean changes with the day.
fn parse_version(text: &str) -> Option<(u32, String)> {
    let text = text.lines().next()?.trim().trim_start_matches('v');
    let numbers: Vec<&str> = text.split('.').collect();
    // `parse` alone would take a sign.
    let number =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
    let major = number(numbers.first()?)?;
    let is_exact = numbers.len() == 3 && numbers.iter().all(|part| number(part).is_some());
    let version = if is_exact { text.to_owned() } else { format!("{major}") };
    Some((major, version))
}

/// The newest even (long-term) release line in the range that is out; else any line in the range.
fn choose(range: &str) -> Option<u32> {
    let in_range = || (OLDEST..=NEWEST).rev().filter(|major| satisfies(range, *major));
    in_range().find(|major| major % 2 == 0 && *major <= NEWEST_LONG_TERM_RELEASE).or_else(|| in_range().next_back())
}

/// Whether some version of release line `major` is in an npm range.
fn satisfies(range: &str, major: u32) -> bool {
    range.split("||").any(|part| {
        let part = match part.split_once(" - ") {
            Some((from, to)) => format!(">={from} <={to}"),
            None => part.to_owned(),
        };
        let part = [">=", "<=", ">", "<", "^", "~", "="]
            .iter()
            .fold(part, |part, operator| part.replace(&format!("{operator} "), operator));
        part.split_whitespace().all(|comparator| comparator_allows(comparator, major))
    })
}

fn comparator_allows(comparator: &str, major: u32) -> bool {
    let digits = comparator.trim_start_matches(['<', '>', '=', '^', '~', 'v']);
    let operator = &comparator[..comparator.len() - digits.len()];
    let mut parts = digits.split('.');
    let Some(wanted) = parts.next().and_then(|part| part.parse::<u32>().ok()) else {
        return matches!(digits, "*" | "x" | "X" | "");
    };
    let is_line_start = parts.all(|part| matches!(part, "0" | "x" | "*"));
    match operator.trim_end_matches('v') {
        ">=" => major >= wanted,
        ">" if digits.contains('.') => major >= wanted,
        ">" => major > wanted,
        "<=" => major <= wanted,
        "<" => major < wanted || (major == wanted && !is_line_start),
        _ => major == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_give_their_newest_long_term_line() {
        for (range, major) in [
            ("22 || 24", 24),
            ("20 || 22", 22),
            (">=18", 24),
            ("^22.1.0", 22),
            (">=20 <23", 22),
            (">= 20.19 < 24", 22),
            ("20.x", 20),
            ("<24.5", 24),
            ("18 - 20", 20),
            ("*", 24),
            ("26", 26),
        ] {
            assert_eq!(choose(range), Some(major), "{range}");
        }
        assert_eq!(choose("none"), None);
    }

    #[test]
    fn version_files_pin_exactly_or_by_line() {
        assert_eq!(parse_version("v24.3.0\n"), Some((24, "24.3.0".to_owned())));
        assert_eq!(parse_version("22"), Some((22, "22".to_owned())));
        assert_eq!(parse_version("lts/*"), None);
        assert_eq!(parse_version("+22"), None);
        assert_eq!(parse_version("22.+1.0"), Some((22, "22".to_owned())));
    }
}
