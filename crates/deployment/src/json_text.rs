//! JSON texts edited in place: what is not touched keeps its order, its form and its line breaks.

use diagnostics::Position;
use serde_json::Value;

/// A JSON text, and where its values are.
#[derive(Debug)]
pub(crate) struct JsonText<'a> {
    text: &'a str,
    /// The whole document.
    pub(crate) root: Node,
}

/// A value and its place in the text.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    start: usize,
    end: usize,
    children: Children,
}

#[derive(Debug, Clone)]
enum Children {
    None,
    Items(Vec<Node>),
    Members(Vec<Member>),
}

/// A key with its value.
#[derive(Debug, Clone)]
struct Member {
    start: usize,
    key: String,
    value: Node,
}

/// A replacement of a part of the text.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    start: usize,
    end: usize,
    text: String,
}

impl Node {
    /// The value under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.children {
            // Of two with the same name the last one counts.
            Children::Members(members) => members.iter().rfind(|member| member.key == key).map(|member| &member.value),
            _ => None,
        }
    }

    /// The elements of a list.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.children {
            Children::Items(items) => items,
            _ => &[],
        }
    }

    /// Where the last child ends, and where the first one begins.
    fn span_of_children(&self) -> Option<(usize, usize)> {
        let spans: Vec<_> = match &self.children {
            Children::None => Vec::new(),
            Children::Items(items) => items.iter().map(|item| (item.start, item.end)).collect(),
            Children::Members(members) => members.iter().map(|member| (member.start, member.value.end)).collect(),
        };
        Some((spans.first()?.0, spans.last()?.1))
    }
}

impl<'a> JsonText<'a> {
    /// Reads a text.
    ///
    /// # Errors
    /// It is not JSON.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        // After this the text is known to be sound, so that the scanner below need not complain.
        serde_json::from_str::<serde::de::IgnoredAny>(text)?;
        let root = Scanner { text, at: 0 }.value();
        Ok(Self { text, root })
    }

    /// What a value is.
    pub(crate) fn value(&self, node: &Node) -> Value {
        serde_json::from_str(&self.text[node.start..node.end]).unwrap_or_default()
    }

    /// The line of a value, from 1.
    pub(crate) fn line(&self, node: &Node) -> usize {
        Position::in_text(self.text, node.start).line
    }

    /// Puts another value in the place of one.
    pub(crate) fn replace(&self, node: &Node, value: &Value) -> Edit {
        let text = self.pretty(value, &self.indent_of_line(node.start));
        Edit { start: node.start, end: node.end, text }
    }

    /// Adds members at the end of an object.
    pub(crate) fn add_members(&self, object: &Node, members: &[(&str, Value)]) -> Edit {
        self.add(object, members.len(), |index, indent| {
            let (key, value) = &members[index];
            format!("{}: {}", Value::from(*key), self.pretty(value, indent))
        })
    }

    /// Adds elements at the end of a list.
    pub(crate) fn add_items(&self, list: &Node, items: &[Value]) -> Edit {
        self.add(list, items.len(), |index, indent| self.pretty(&items[index], indent))
    }

    fn add(&self, parent: &Node, count: usize, child: impl Fn(usize, &str) -> String) -> Edit {
        let break_ = self.line_break();
        match parent.span_of_children() {
            Some((first, last)) if self.begins_line(first) => {
                let indent = self.indent_of_line(first);
                let added = (0..count).map(|index| format!(",{break_}{indent}{}", child(index, &indent)));
                Edit { start: last, end: last, text: added.collect() }
            }
            Some((_, last)) => {
                let indent = self.indent_of_line(last);
                let added = (0..count).map(|index| format!(", {}", child(index, &indent)));
                Edit { start: last, end: last, text: added.collect() }
            }
            None => {
                let outer = self.indent_of_line(parent.start);
                let indent = format!("{outer}{}", self.unit());
                let added: Vec<_> = (0..count).map(|index| format!("{indent}{}", child(index, &indent))).collect();
                let text = format!("{break_}{}{break_}{outer}", added.join(&format!(",{break_}")));
                Edit { start: parent.start + 1, end: parent.end - 1, text }
            }
        }
    }

    /// The text with edits that do not overlap.
    pub(crate) fn edited(&self, mut edits: Vec<Edit>) -> String {
        edits.sort_by_key(|edit| edit.start);
        let (mut text, mut at) = (String::new(), 0);
        for edit in edits {
            text += &self.text[at..edit.start];
            text += &edit.text;
            at = edit.end;
        }
        text + &self.text[at..]
    }

    fn pretty(&self, value: &Value, indent: &str) -> String {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        let unit = self.unit();
        let lines = text.lines().map(|line| {
            let inner = line.trim_start();
            format!("{}{inner}", unit.repeat((line.len() - inner.len()) / 2))
        });
        lines.collect::<Vec<_>>().join(&format!("{}{indent}", self.line_break()))
    }

    /// What one level is indented by.
    fn unit(&self) -> &str {
        let indents = self.text.lines().map(|line| &line[..line.len() - line.trim_start().len()]);
        indents.into_iter().find(|indent| !indent.is_empty()).unwrap_or("  ")
    }

    fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn begins_line(&self, at: usize) -> bool {
        let line = self.text[..at].rfind('\n');
        line.is_some_and(|line| self.text[line + 1..at].trim().is_empty())
    }

    fn indent_of_line(&self, at: usize) -> String {
        let line = self.text[..at].rfind('\n').map_or(0, |line| line + 1);
        self.text[line..].chars().take_while(|letter| matches!(letter, ' ' | '\t')).collect()
    }
}

/// Finds the places of values in a text that is known to be JSON.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or_default()
    }

    fn value(&mut self) -> Node {
        let first = self.peek();
        let start = self.at;
        let children = match first {
            b'{' => Children::Members(self.list(b'}', Self::member)),
            b'[' => Children::Items(self.list(b']', Self::value)),
            b'"' => {
                self.string();
                Children::None
            }
            _ => {
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || b",]}".contains(byte);
                let rest = &self.text.as_bytes()[start..];
                self.at += rest.iter().position(is_end).unwrap_or(rest.len());
                Children::None
            }
        };
        Node { start, end: self.at, children }
    }

    fn list<T>(&mut self, close: u8, mut child: impl FnMut(&mut Self) -> T) -> Vec<T> {
        self.at += 1;
        let mut children = Vec::new();
        while self.peek() != close && self.at < self.text.len() {
            children.push(child(self));
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        children
    }

    fn member(&mut self) -> Member {
        self.peek();
        let start = self.at;
        self.string();
        let key = serde_json::from_str(&self.text[start..self.at]).unwrap_or_default();
        self.peek();
        self.at += 1; // the colon
        Member { start, key, value: self.value() }
    }

    fn string(&mut self) {
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const TABS: &str = "{\n\t\"a\": [ 1,2 ],\n\t\"b\": {\n\t\t\"c\": \"x\\\"}\"\n\t},\n\t\"d\": {}, \"e\": []\n}";

    #[test]
    fn only_what_is_edited_changes() {
        let json = JsonText::parse(TABS).unwrap();
        let b = json.root.get("b").unwrap();
        let edits = vec![
            json.add_members(b, &[("f", json!({ "g": [true] }))]),
            json.replace(b.get("c").unwrap(), &json!("y")),
            json.add_items(json.root.get("a").unwrap(), &[json!(3)]),
            json.add_members(json.root.get("d").unwrap(), &[("h", json!(null))]),
            json.add_items(json.root.get("e").unwrap(), &[json!("i"), json!("j")]),
        ];
        let expected = "{\n\t\"a\": [ 1,2, 3 ],\n\t\"b\": {\n\t\t\"c\": \"y\",\n\t\t\"f\": {\n\t\t\t\"g\": [\n\t\t\t\ttrue\n\t\t\t]\n\t\t}\n\t},\n\t\"d\": {\n\t\t\"h\": null\n\t}, \"e\": [\n\t\t\"i\",\n\t\t\"j\"\n\t]\n}";
        assert_eq!(json.edited(edits), expected);
        assert_eq!(json.line(b), 3);
    }

    #[test]
    fn line_breaks_of_windows_stay() {
        let json = JsonText::parse("{\r\n  \"a\": 1\r\n}\r\n").unwrap();
        let edit = json.add_members(&json.root, &[("b", json!([1]))]);
        assert_eq!(json.edited(vec![edit]), "{\r\n  \"a\": 1,\r\n  \"b\": [\r\n    1\r\n  ]\r\n}\r\n");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a\"\\\\{}\\[\\],: é]{0,6}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"\\\\]{0,3}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_member_that_is_added_or_replaced_is_all_that_changes(value in any_json(), new in any_json(), compact in any::<bool>()) {
            let document = json!({ "first": value, "last": value });
            let text = if compact { document.to_string() } else { serde_json::to_string_pretty(&document).unwrap() };
            let json = JsonText::parse(&text).unwrap();
            let first = json.root.get("first").unwrap();
            let edited = json.edited(vec![json.replace(first, &new), json.add_members(&json.root, &[("new", new.clone())])]);
            let expected = json!({ "first": new, "last": value, "new": new });
            prop_assert_eq!(serde_json::from_str::<Value>(&edited).unwrap(), expected);
            prop_assert_eq!(json.value(first), value);
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = JsonText::parse(&text);
        }
    }
}
