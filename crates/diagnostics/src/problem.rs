//! What is wrong with a repository, said so that the reader can fix it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::message::write_hint;
use crate::text::escaped;

/// A place in a text file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte of a text.
    pub fn in_text(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        Self { line, column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1 }
    }
}

/// One defect of the repository: where, what was found, what was expected and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder it is about.
    pub file: PathBuf,
    /// Where in the file, when known.
    pub position: Option<Position>,
    /// What is there now.
    pub found: String,
    /// What should be there.
    pub expected: String,
    /// The next command or edit.
    pub next: String,
}

impl Problem {
    /// A problem with a whole file or folder.
    pub fn new(
        file: impl Into<PathBuf>,
        found: impl Into<String>,
        expected: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), position: None, found: found.into(), expected: expected.into(), next: next.into() }
    }

    /// The same problem at a place in its file.
    #[must_use]
    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.position = Some(Position { line, column });
        self
    }

    /// A file that could not be read, with the operating system's reason.
    pub fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let found = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file".to_owned(),
            _ => error.to_string(),
        };
        Self::new(file, found, "a readable file", format!("check it with `ls -l {}`", file.display()))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", escaped(&self.file.to_string_lossy()))?;
        if let Some(at) = self.position {
            write!(out, ":{}:{}", at.line, at.column)?;
        }
        let [found, expected, next] = [&self.found, &self.expected, &self.next].map(|text| escaped(text));
        write!(out, ": found {found}, expected {expected}")?;
        write_hint(out, Some(&next))
    }
}

/// Every problem found in one reading; never only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            write!(out, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_is_not_obeyed_by_a_terminal() {
        let problem = Problem::new("a\u{1b}c", "b\u{9b}2J", "x", "y\nz").at(1, 2);
        assert_eq!(problem.to_string(), "a\\u{1b}c:1:2: found b\\u{9b}2J, expected x\n  hint: y\\nz");
    }
}
