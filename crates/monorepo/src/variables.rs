//! References to environment variables inside settings files.

use std::collections::BTreeSet;

/// Names referred to as `${NAME}`, `${NAME-default}` or `${NAME:-default}`; comments are not read.
pub(crate) fn referenced_variables(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
    lines.flat_map(variables_of_line).collect()
}

fn variables_of_line(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find("${") {
        rest = &rest[start + 2..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end > 0 && rest[end..].starts_with(['}', '-', ':']) {
            names.push(rest[..end].to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_come_with_and_without_defaults() {
        let text = "a: ${ONE}\nb: ${TWO-x}${THREE:-y}\n# ${NOT}\nc: $FOUR ${}";
        let names: Vec<_> = referenced_variables(text).into_iter().collect();
        assert_eq!(names, ["ONE", "THREE", "TWO"]);
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "\\PC*(\\$\\{\\PC*){0,5}") {
            referenced_variables(&text);
        }
    }
}
