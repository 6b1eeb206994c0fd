//! YAML with its errors as [`Problem`]s.

use serde::de::DeserializeOwned;

use diagnostics::Problem;

/// Parses `text` of the file at `path`; `expected` ends the sentence "expected …".
pub(crate) fn parse<T: DeserializeOwned>(path: &str, text: &str, expected: &str) -> Result<T, Problem> {
    serde_saphyr::from_str(text).map_err(|error| {
        let whole = error.to_string();
        let found = format!("broken YAML ({})", without_position(whole.lines().next().unwrap_or_default()));
        let problem = Problem::new(path, found, expected, format!("fix the line, or compare with `git diff {path}`"));
        match error.location() {
            Some(at) => problem.at(at.line() as usize, at.column() as usize),
            None => problem,
        }
    })
}

/// The parser's words without `error: line 3 column 4: `, which the problem says in its own way.
fn without_position(message: &str) -> &str {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let is_position = |start: &str| start.starts_with("line ") && start.contains(" column ");
    match message.split_once(": ") {
        Some((start, rest)) if is_position(start) => rest,
        _ => message,
    }
}
