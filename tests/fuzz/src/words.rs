//! Paths and texts in which something is found more often than in arbitrary ones.

use arbitrary::Arbitrary;

/// What paths and documents are made of.
const WORDS: &[&str] = &[
    "/",
    "./",
    "../",
    "..",
    ".",
    "a",
    "A",
    "b",
    "é",
    "\u{1b}[2J",
    "\u{202e}",
    "\0",
    "\n",
    "packages/",
    "plugins/",
    "app/",
    "backend/",
    "x/",
    "dist/",
    "static/",
    "node_modules/",
    "package.json",
    "yarn.lock",
    "index.html",
    "index.html.tmpl",
    "index.cjs.js",
    "main.js",
    ".config-schema.json",
    ".npmrc",
    ".env",
    ".local.yaml",
    ".map",
    "*",
    "<script src=\"",
    "<link rel=stylesheet href='",
    "<!--",
    "-->",
    ">",
    "<%= x %>",
    "\"",
    ":",
    ",",
    "{",
    "}",
    "[",
    "]",
    "\"main\": \"",
    "\"module\": \"",
    "\"exports\": {\".\": \"./",
    "\"dependencies\": {\"",
    "\"bundled\": true,",
    "workspace:^",
    "link:../",
    "file:",
    "portal:",
    "//x/:_authToken=",
    "-----BEGIN PRIVATE KEY-----",
    "npm_",
    "ghp_",
    "AKIA",
    "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9",
    ".wh.",
    ".wh..wh..opq",
];

/// A word from the list, or a letter of its own.
#[derive(Debug, Clone, Arbitrary)]
enum Word {
    Known(u8),
    Letter(char),
}

/// Words one after the other.
#[derive(Debug, Clone, Arbitrary)]
pub(crate) struct Words(Vec<Word>);

impl Words {
    /// As text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for word in &self.0 {
            match word {
                Word::Known(number) => text.push_str(WORDS[usize::from(*number) % WORDS.len()]),
                Word::Letter(letter) => text.push(*letter),
            }
        }
        text
    }
}
