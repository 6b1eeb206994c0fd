//! What the type check reads.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::tree::Tree;

/// The root configuration of the TypeScript compiler.
const TSCONFIG: &str = "tsconfig.json";

/// Top-level folders the compiler may read: those that hold workspaces and those `tsconfig.json`
/// names. `None` without a root `tsconfig.json`.
pub(crate) fn typecheck_folders(root: &Path, tree: &Tree, workspace_folders: &[&str]) -> Option<Vec<String>> {
    tree.get(TSCONFIG)?;
    let mut tops: BTreeSet<String> = workspace_folders.iter().map(|folder| top(folder)).collect();
    let text = std::fs::read_to_string(root.join(TSCONFIG)).unwrap_or_default();
    match serde_json::from_str::<Value>(&without_comments(&text)) {
        Ok(config) => tops.extend(named_paths(&config)),
        Err(_) => tops.extend(tree.iter().filter(|(path, _)| path.contains('/')).map(|(path, _)| top(path))),
    }
    Some(tops.into_iter().filter(|top| tree.contains(top)).collect())
}

fn top(path: &str) -> String {
    let path = path.trim_start_matches("./");
    path.split('/').next().unwrap_or(path).to_owned()
}

fn named_paths(config: &Value) -> Vec<String> {
    let lists = ["include", "files"].iter().filter_map(|key| config.get(key)?.as_array()).flatten();
    let references = config.get("references").and_then(Value::as_array).into_iter().flatten();
    lists
        .chain(references.filter_map(|reference| reference.get("path")))
        .filter_map(Value::as_str)
        .map(top)
        .filter(|path| !path.contains('*'))
        .collect()
}

/// `tsconfig.json` is JSON with comments and commas at the end of lists.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
        } else {
            if matches!(c, ']' | '}') {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Length of the string literal that `text` begins with, its quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn comments_and_trailing_commas_go() {
        let text = "{ // one\n \"a\": [\"x/**/*\", /* two */ \"http://y\",],\n}";
        let value: Value = serde_json::from_str(&without_comments(text)).unwrap();
        assert_eq!(value, serde_json::json!({"a": ["x/**/*", "http://y"]}));
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "[\"/*\\\\,\\]}a é\n]{0,40}") {
            without_comments(&text);
        }
    }
}
