//! Globs in which `*` and `?` end at a slash, as in `.gitignore` and Yarn's `workspaces`.
//!
//! What they match is what the crate `globset` says, with `literal_separator`: the tests compare. That one brings a
//! whole engine of regular expressions, which users would compile for a handful of patterns.

mod automaton;
mod parse;

use std::fmt;

use automaton::Automaton;
use parse::Token;

/// A compiled glob.
#[derive(Debug, Clone)]
pub struct Glob {
    /// What every path that it matches begins and ends with: most paths are told apart by that alone.
    start: Vec<u8>,
    end: Vec<u8>,
    automaton: Automaton,
}

/// What a `[` without its `]` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnclosedClass {
    /// The glob is wrong.
    Wrong,
    /// The character itself, as for git.
    Literal,
}

/// Why a text is no glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlobError {
    /// A `[` without `]`.
    UnclosedClass,
    /// A range that ends before it begins.
    InvalidRange(char, char),
    /// A `}` without `{`.
    UnopenedAlternates,
    /// A `{` without `}`.
    UnclosedAlternates,
    /// A `\` at the end.
    DanglingEscape,
}

impl Glob {
    /// Compiles a glob.
    ///
    /// # Errors
    /// A bracket is not closed, a range is empty, or nothing follows a `\`.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        Self::parse(pattern, UnclosedClass::Wrong)
    }

    /// The same, with another meaning of an unclosed `[`.
    pub(crate) fn parse(pattern: &str, unclosed: UnclosedClass) -> Result<Self, GlobError> {
        let tokens = parse::tokens(pattern, unclosed)?;
        let start = literals(tokens.iter());
        let mut end = literals(tokens.iter().rev());
        end.reverse();
        Ok(Self { start: encoded(&start), end: encoded(&end), automaton: Automaton::of(&tokens) })
    }

    /// Whether it matches a whole path.
    pub fn is_match(&self, path: impl AsRef<[u8]>) -> bool {
        let path = path.as_ref();
        path.starts_with(&self.start) && path.ends_with(&self.end) && self.automaton.accepts(path)
    }
}

/// The characters up to the first token that is none.
fn literals<'a>(tokens: impl Iterator<Item = &'a Token>) -> Vec<char> {
    let character = |token: &Token| if let Token::Literal(character) = token { Some(*character) } else { None };
    tokens.map_while(character).collect()
}

fn encoded(characters: &[char]) -> Vec<u8> {
    characters.iter().collect::<String>().into_bytes()
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnclosedClass => f.write_str("unclosed character class; missing ']'"),
            Self::InvalidRange(first, last) => write!(f, "invalid range; '{first}' > '{last}'"),
            Self::UnopenedAlternates => {
                f.write_str("unopened alternate group; missing '{' (maybe escape '}' with '[}]'?)")
            }
            Self::UnclosedAlternates => {
                f.write_str("unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)")
            }
            Self::DanglingEscape => f.write_str("dangling '\\'"),
        }
    }
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;
    use proptest::prelude::*;

    use super::*;

    const PIECES: &[&str] = &[
        "a",
        "b",
        "é",
        "/",
        "/",
        "*",
        "**",
        "**/",
        "/**",
        "/**/",
        "?",
        "[a-b]",
        "[!a]",
        "[^é]",
        "[]a]",
        "[a-",
        "[",
        "]",
        "{a,b}",
        "{",
        "}",
        ",",
        "{a/**,**/b}",
        "\\",
        "\\*",
        "-",
        ".",
    ];
    const PARTS: &[&str] = &["a", "b", "é", "/", "/a/", "ab", ".", "*", "\n", "["];

    fn reference(pattern: &str, unclosed: UnclosedClass) -> Result<globset::GlobMatcher, String> {
        let mut builder = GlobBuilder::new(pattern);
        builder.literal_separator(true).allow_unclosed_class(unclosed == UnclosedClass::Literal);
        builder.build().map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
    }

    fn agree(pattern: &str, path: &str) {
        for unclosed in [UnclosedClass::Wrong, UnclosedClass::Literal] {
            let ours = Glob::parse(pattern, unclosed).map_err(|error| error.to_string());
            let theirs = reference(pattern, unclosed);
            match (&ours, &theirs) {
                (Ok(ours), Ok(theirs)) => {
                    assert_eq!(ours.is_match(path), theirs.is_match(path), "{pattern:?} {path:?}");
                }
                (ours, theirs) => assert_eq!(ours.as_ref().err(), theirs.as_ref().err(), "{pattern:?}"),
            }
        }
    }

    #[test]
    fn usual_patterns_match_as_in_globset() {
        for pattern in ["packages/*", "**/dist", "dist/**", "a/**/b", "**", "**/*.log", "*.{js,ts}", "!x", "", "a{,b}c"]
        {
            for path in
                ["packages/a", "packages/a/b", "dist", "a/dist", "dist/a", "a/b", "a/x/y/b", "x.log", "a.ts", "ac"]
            {
                agree(pattern, path);
            }
        }
    }

    #[test]
    fn long_paths_and_many_stars_take_no_longer() {
        let glob = Glob::new(&"*a".repeat(50)).unwrap();
        assert!(!glob.is_match("a".repeat(5000) + "b") && glob.is_match("a".repeat(5000)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn all_patterns_match_as_in_globset(
            pattern in prop::collection::vec(prop::sample::select(PIECES), 0..7),
            path in prop::collection::vec(prop::sample::select(PARTS), 0..7),
        ) {
            agree(&pattern.concat(), &path.concat());
        }
    }
}
