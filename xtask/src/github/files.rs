//! What a step of GitHub Actions hands on: files that it names in variables.

use std::fs::OpenOptions;
use std::io::Write;

use anyhow::{Context, Result};

use super::groups::mark;

/// Appends outputs of the step (`GITHUB_OUTPUT`); elsewhere nothing is done.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn outputs(values: &[(&str, &str)]) -> Result<()> {
    append("GITHUB_OUTPUT", &as_outputs(values))
}

/// Appends Markdown to the summary of the job (`GITHUB_STEP_SUMMARY`); elsewhere nothing is done.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn summary(markdown: &str) -> Result<()> {
    append("GITHUB_STEP_SUMMARY", markdown)
}

/// A value may have any lines but the one that ends it ("Workflow commands", multiline strings).
fn as_outputs(values: &[(&str, &str)]) -> String {
    let mark = mark();
    values.iter().map(|(name, value)| format!("{name}<<{mark}\n{value}\n{mark}\n")).collect()
}

fn append(variable: &str, text: &str) -> Result<()> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) else { return Ok(()) };
    let doing = || format!("writing to the file that {variable} names");
    let mut file = OpenOptions::new().append(true).create(true).open(path).with_context(doing)?;
    file.write_all(text.as_bytes()).with_context(doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_add_another_output() {
        let text = as_outputs(&[("image", "a\nchanged=true")]);
        let lines: Vec<_> = text.lines().collect();
        let mark = lines[0].strip_prefix("image<<").unwrap();
        assert_eq!(lines[1..], ["a", "changed=true", mark]);
    }
}
