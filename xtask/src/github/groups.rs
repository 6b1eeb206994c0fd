//! What steps print, as groups in the log of GitHub Actions.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{BuildHasher, Hasher};

/// So many lines of a step are kept: the log file has all.
const KEPT: usize = 2000;

/// Lines of running steps. Steps run side by side, and a group is one piece of the log: it is written when its step ends.
#[derive(Debug, Default)]
pub(crate) struct Groups(BTreeMap<String, Vec<String>>);

impl Groups {
    /// Takes a line of a step.
    pub(crate) fn add(&mut self, step: &str, line: &str) {
        let lines = self.0.entry(step.to_owned()).or_default();
        if lines.len() == KEPT {
            lines.remove(0);
        }
        lines.push(line.to_owned());
    }

    /// The group of a step that ended. Between the marks GitHub takes no line for a command, whoever wrote it
    /// ("Workflow commands", stop-commands).
    pub(crate) fn end(&mut self, step: &str, title: &str) -> Option<String> {
        let lines = self.0.remove(step)?;
        let mark = mark();
        let mut text = format!("::group::{title}\n::stop-commands::{mark}\n");
        lines.iter().for_each(|line| {
            let _ = writeln!(text, "{}", line.replace('\r', ""));
        });
        let _ = write!(text, "::{mark}::\n::endgroup::");
        Some(text)
    }
}

/// A word that nobody can know beforehand: the keys of a hash map are the system's random numbers.
pub(super) fn mark() -> String {
    let random = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_step_is_a_command() {
        let mut groups = Groups::default();
        groups.add("install", "::add-mask::a");
        groups.add("typecheck", "other");
        let text = groups.end("install", "install ran").unwrap();
        let lines: Vec<_> = text.lines().collect();
        let mark = lines[1].strip_prefix("::stop-commands::").unwrap();
        assert_eq!((lines[0], mark.len()), ("::group::install ran", 32));
        assert_eq!(lines[2..], ["::add-mask::a", &format!("::{mark}::"), "::endgroup::"]);
        assert_eq!(groups.end("install", "again"), None, "it said nothing since");
        groups.add("install", "b");
        assert!(!groups.end("install", "").unwrap().contains(mark), "another each time");
    }

    #[test]
    fn the_last_lines_are_kept() {
        let mut groups = Groups::default();
        (0..=KEPT).for_each(|line| groups.add("a", &format!("line {line}")));
        let text = groups.end("a", "a").unwrap();
        assert!(!text.contains("line 0\n") && text.contains(&format!("line {KEPT}\n")));
    }
}
