//! What the tokens alone prove: that a script is no JavaScript.
//!
//! Nothing here knows grammar beyond two tokens, so that only what no grammar allows is found.

use crate::tokens::{Token, TokenKind};

/// Every operator made of these marks alone.
const RUNS: &str = "=<>&|^*%";
const OPERATORS: &[&str] = &[
    "=", "==", "===", "=>", "<", "<=", "<<", "<<=", ">", ">=", ">>", ">>=", ">>>", ">>>=", "&", "&=", "&&", "&&=", "|",
    "|=", "||", "||=", "^", "^=", "*", "*=", "**", "**=", "%", "%=",
];
/// How much of an operator is repeated in a finding.
const SHOWN: usize = 10;

/// A place in a script where no JavaScript goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Defect {
    pub(crate) at: usize,
    pub(crate) what: String,
}

impl Defect {
    fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

/// Looks at the tokens one by one.
#[derive(Debug, Default)]
pub(crate) struct Checker<'a> {
    /// The brackets that are open: where, and what closes each.
    open: Vec<(u32, char)>,
    last: Option<Token<'a>>,
}

impl<'a> Checker<'a> {
    /// Takes the next token.
    pub(crate) fn take(&mut self, token: Token<'a>) -> Result<(), Defect> {
        match token.kind {
            TokenKind::Open => self.open.push((u32::try_from(token.at).unwrap_or(u32::MAX), closing(token.text))),
            TokenKind::Close => self.close(&token)?,
            TokenKind::Mark => self.mark(&token)?,
            TokenKind::Word => readable(&token)?,
            TokenKind::Text | TokenKind::Value => {}
        }
        self.last = Some(token);
        Ok(())
    }

    /// The script ends.
    pub(crate) fn finish(self) -> Result<(), Defect> {
        if let Some((at, closing)) = self.open.last() {
            return Err(Defect::new(*at as usize, format!("a bracket that no `{closing}` closes")));
        }
        match self.last {
            Some(last) if last.kind == TokenKind::Mark && !matches!(last.text, ";" | "++" | "--") => {
                Err(Defect::new(last.at, format!("the end of the script after `{}`", shown(last.text))))
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, token: &Token<'_>) -> Result<(), Defect> {
        let closing = token.text.chars().next().unwrap_or_default();
        if self.last.is_some_and(|last| is_before_value(&last)) {
            return Err(Defect::new(token.at, format!("`{closing}` where a value must be")));
        }
        match self.open.pop() {
            Some((_, expected)) if expected == closing => Ok(()),
            Some((_, expected)) => Err(Defect::new(token.at, format!("`{closing}` where `{expected}` must be"))),
            None => Err(Defect::new(token.at, format!("a `{closing}` that closes no bracket"))),
        }
    }

    fn mark(&self, token: &Token<'_>) -> Result<(), Defect> {
        // The middle of a template counts as a mark.
        if token.text.starts_with('}') {
            return Ok(());
        }
        readable(token)?;
        if !token.text.starts_with(|first| RUNS.contains(first)) {
            return Ok(());
        }
        if !OPERATORS.contains(&token.text) {
            return Err(Defect::new(token.at, format!("`{}`, which is no operator", shown(token.text))));
        }
        // A `*` may also begin a method.
        if self.begins_value() && !token.text.starts_with('*') {
            return Err(Defect::new(token.at, format!("`{}` where a value must be", token.text)));
        }
        Ok(())
    }

    /// Whether what follows cannot be the operator behind a value.
    fn begins_value(&self) -> bool {
        self.last.is_none_or(|last| match last.kind {
            TokenKind::Open => true,
            TokenKind::Mark => !matches!(last.text, "++" | "--"),
            _ => false,
        })
    }
}

/// Whether an operator wants a value behind it.
fn is_before_value(token: &Token<'_>) -> bool {
    let is_operator = token.text.starts_with(['=', '<', '>', '&', '|', '^', '%', '+', '-', '!', '~', '/']);
    token.kind == TokenKind::Mark && is_operator && !matches!(token.text, "++" | "--")
}

/// What closes a bracket; the brackets of templates end with `{`.
fn closing(bracket: &str) -> char {
    match bracket {
        "(" => ')',
        "[" => ']',
        _ => '}',
    }
}

/// Names and marks have no control characters, and no place of bytes that are not UTF-8.
fn readable(token: &Token<'_>) -> Result<(), Defect> {
    let is_foreign = |(_, character): &(usize, char)| character.is_control() || *character == '\u{fffd}';
    token.text.char_indices().find(is_foreign).map_or(Ok(()), |(at, character)| {
        let what = format!("the character U+{:04X} outside of a string", u32::from(character));
        Err(Defect::new(token.at + at, what))
    })
}

/// The beginning of a mark.
fn shown(text: &str) -> &str {
    text.get(..SHOWN).unwrap_or(text)
}
