//! YAML with its errors as [`Problem`]s.

use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Parses `text` of the file at `path`; `expected` ends the sentence "expected …".
pub(crate) fn parse<T: DeserializeOwned>(path: &str, text: &str, expected: &str) -> Result<T, Problem> {
    serde_saphyr::from_str(text).map_err(|error| {
        let whole = error.to_string();
        let found = whole.lines().next().unwrap_or_default().to_owned();
        let problem = Problem::new(path, found, expected, format!("mend the line, or compare with `git diff {path}`"));
        match error.location() {
            Some(at) => problem.at(at.line() as usize, at.column() as usize),
            None => problem,
        }
    })
}
