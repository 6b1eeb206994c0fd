//! The tokens of a script, one after the other, in constant stack space.
//!
//! Only what finding imports and defects takes is told apart. What a slash means is known from the token
//! before it; where that does not decide, the script is given up rather than misread.

use crate::trivia;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name or keyword.
    Word,
    /// A string; its text is what stands between the quotes, escapes as written.
    Text,
    /// A number, a regular expression, or a template without `${`.
    Value,
    /// Anything that opens a bracket, `${` too.
    Open,
    /// Anything that closes one.
    Close,
    /// Any other mark.
    Mark,
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    /// Where it begins in the script.
    pub(crate) at: usize,
}

/// Whether a value ends with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It does: what follows is an operator, or another statement.
    Value,
    /// It does not: a value follows.
    Operator,
    /// The token alone does not tell.
    Unclear,
}

/// Why the tokens end before the script does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Something that was begun does not end.
    Unended(&'static str),
    /// What follows can be read in two ways.
    Unclear,
}

/// What a bracket that is open stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    /// The head of a statement, such as `if (`.
    Head,
    /// A part of a template.
    Template,
    Other,
}

/// Words after which a value follows.
const BEFORE_VALUES: &[&str] = &[
    "case",
    "default",
    "delete",
    "do",
    "else",
    "extends",
    "in",
    "instanceof",
    "new",
    "return",
    "throw",
    "typeof",
    "void",
];
/// Words after which a value, an operator or another statement may follow.
const UNCLEAR: &[&str] = &["await", "break", "continue", "debugger", "of", "yield"];
/// Marks before the name of a member.
const MEMBER: &[&str] = &[".", "?."];
/// Words whose parentheses are followed by a statement.
const HEADS: &[&str] = &["for", "if", "while", "with"];

/// Reads the tokens of a script.
pub(crate) struct Tokens<'a> {
    source: &'a str,
    at: usize,
    open: Vec<Bracket>,
    end: End,
    /// The token before, and the one before that.
    last: &'a str,
    before_last: &'a str,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        let at = trivia::hashbang(source);
        Self { source, at, open: Vec::new(), end: End::Operator, last: "", before_last: "" }
    }

    /// The next token, or `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'a>>, Stop> {
        let (skipped, newline) = trivia::skip(self.rest())?;
        let after_newline = newline || self.at == 0;
        self.at += skipped;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let (kind, length) = self.token(first, after_newline)?;
        let at = self.at;
        let text = &self.source[at..at + length];
        self.at += length;
        let text = if kind == TokenKind::Text { &text[1..text.len() - 1] } else { text };
        let token = Token { kind, text, at };
        self.turn(&token);
        Ok(Some(token))
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// TokenKind and length of the token that begins here.
    fn token(&self, first: char, after_newline: bool) -> Result<(TokenKind, usize), Stop> {
        let rest = self.rest();
        let second = rest[first.len_utf8()..].chars().next().unwrap_or('\0');
        Ok(match first {
            '\\' => return Err(Stop::Unclear),
            '"' | '\'' => (TokenKind::Text, trivia::string(rest)?),
            '`' => match trivia::template(rest)? {
                (length, true) => (TokenKind::Value, length),
                (length, false) => (TokenKind::Open, length),
            },
            '}' if self.open.last() == Some(&Bracket::Template) => match trivia::template(rest)? {
                (length, true) => (TokenKind::Close, length),
                (length, false) => (TokenKind::Mark, length),
            },
            '(' | '[' | '{' => (TokenKind::Open, 1),
            ')' | ']' | '}' => (TokenKind::Close, 1),
            '0'..='9' => (TokenKind::Value, trivia::number(rest)),
            '.' if second.is_ascii_digit() => (TokenKind::Value, trivia::number(rest)),
            '/' => match self.end {
                End::Value => (TokenKind::Mark, if second == '=' { 2 } else { 1 }),
                End::Operator => (TokenKind::Value, trivia::regular_expression(rest)?),
                End::Unclear => return Err(Stop::Unclear),
            },
            // Comments of the early web; which of them count depends on more than the tokens.
            '-' if after_newline && rest.starts_with("-->") => return Err(Stop::Unclear),
            _ if trivia::is_word(first) => (TokenKind::Word, trivia::word(rest)),
            _ => match trivia::mark(rest) {
                length if rest[..length].ends_with('<') && rest[length..].starts_with("!--") => {
                    return Err(Stop::Unclear);
                }
                length => (TokenKind::Mark, length),
            },
        })
    }

    /// What follows from having read this token.
    fn turn(&mut self, token: &Token<'a>) {
        self.end = match token.kind {
            TokenKind::Text if ["from", "import"].contains(&self.last) => End::Unclear,
            TokenKind::Text | TokenKind::Value => End::Value,
            TokenKind::Word => self.after_word(token.text),
            TokenKind::Mark if ["++", "--"].contains(&token.text) => End::Unclear,
            TokenKind::Mark => End::Operator,
            TokenKind::Open => {
                self.open.push(self.bracket(token.text));
                End::Operator
            }
            TokenKind::Close => match (token.text, self.open.pop()) {
                (")", Some(Bracket::Head)) => End::Operator,
                ("}", _) => End::Unclear,
                _ => End::Value,
            },
        };
        let text = if matches!(token.kind, TokenKind::Word | TokenKind::Mark) { token.text } else { "" };
        // `for await (` is the head of a loop like `for (`.
        if !(text == "await" && self.last == "for") {
            (self.before_last, self.last) = (self.last, text);
        }
    }

    fn bracket(&self, text: &str) -> Bracket {
        let is_member = MEMBER.contains(&self.before_last);
        match text {
            "(" if HEADS.contains(&self.last) && !is_member => Bracket::Head,
            "(" | "[" | "{" => Bracket::Other,
            _ => Bracket::Template,
        }
    }

    fn after_word(&self, word: &str) -> End {
        if MEMBER.contains(&self.last) {
            End::Value
        } else if BEFORE_VALUES.contains(&word) {
            End::Operator
        } else if UNCLEAR.contains(&word) {
            End::Unclear
        } else {
            End::Value
        }
    }
}
