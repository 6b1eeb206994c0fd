//! How deep a parser must go for a script, so that none is started that would run out of stack.
//!
//! A parser by recursive descent goes deeper for an open bracket, and for what stands before something of its own
//! kind: `!`, `=>`, `else` and their like. Those are counted until a comma or the end of a statement.

use crate::javascript::tokens::{End, Kind, Token};

/// Words that stand before an expression.
const BEFORE_EXPRESSIONS: &[&str] = &["await", "class", "delete", "extends", "new", "typeof", "void", "yield"];
/// Words that stand before a statement; `else if` is counted by its `if`.
const BEFORE_STATEMENTS: &[&str] = &["do", "for", "if", "while", "with"];
/// Operators of which a parser reads a chain of any length without going deeper.
const CHAINED: &[&str] = &[
    "==", "===", "!=", "!==", "<", ">", "<=", ">=", "&&", "||", "&", "|", "^", "*", "%", "/", "<<", ">>", ">>>", ".",
    "?.", "...",
];
/// Words that go on with what seems to have ended before them.
const GO_ON: &[&str] = &["else", "catch", "finally", "in", "instanceof", "of"];

/// What is pending in one bracket.
#[derive(Debug, Clone, Copy, Default)]
struct Pending {
    statements: u32,
    expressions: u32,
    /// How many `do` still want their `while`.
    loops: u32,
}

/// Measures token by token.
#[derive(Debug, Default)]
pub(crate) struct Nesting {
    outer: Vec<Pending>,
    here: Pending,
    depth: u32,
    /// The token before was `;` or a `}`: a statement has ended, unless an `else` follows.
    after_end: bool,
    /// The token before was a dot: what follows is the name of a member, whatever it says.
    after_dot: bool,
}

impl Nesting {
    /// Takes the next token, and tells how deep a parser is there at most.
    pub(crate) fn take(&mut self, token: &Token<'_>) -> u32 {
        let is_word = token.kind == Kind::Word && !self.after_dot;
        let begins = is_word && (self.after_end || (token.after_newline && token.after == End::Value));
        if begins && !self.goes_on(token.text) {
            self.end_statement();
        } else if self.after_end {
            self.end_expression();
        }
        self.after_end = matches!(token.text, ";" | "}") && token.kind != Kind::Text;
        self.after_dot = matches!(token.text, "." | "?.") && token.kind == Kind::Mark;
        match token.kind {
            Kind::Open => {
                self.outer.push(std::mem::take(&mut self.here));
                self.depth += 1;
            }
            Kind::Close => {
                self.depth = self.depth.saturating_sub(self.here.statements + self.here.expressions + 1);
                self.here = self.outer.pop().unwrap_or_default();
            }
            Kind::Word if is_word => self.word(token.text),
            Kind::Mark => self.mark(token),
            Kind::Word | Kind::Text | Kind::Value => {}
        }
        self.depth
    }

    /// Whether a word belongs to the statement before it.
    fn goes_on(&mut self, word: &str) -> bool {
        if word == "while" && self.here.loops > 0 {
            self.here.loops -= 1;
            return true;
        }
        GO_ON.contains(&word)
    }

    fn word(&mut self, word: &str) {
        self.here.loops += u32::from(word == "do");
        if BEFORE_STATEMENTS.contains(&word) {
            self.here.statements += 1;
            self.depth += 1;
        } else if BEFORE_EXPRESSIONS.contains(&word) {
            self.here.expressions += 1;
            self.depth += 1;
        } else if matches!(word, "case" | "default") {
            self.end_expression();
        }
    }

    fn mark(&mut self, token: &Token<'_>) {
        match token.text {
            "," | ";" => self.end_expression(),
            // The middle of a template.
            text if text.starts_with('}') => self.end_expression(),
            "+" | "-" if token.after == End::Value => {}
            text if CHAINED.contains(&text) => {}
            _ => {
                self.here.expressions += 1;
                self.depth += 1;
            }
        }
    }

    fn end_expression(&mut self) {
        self.depth -= self.here.expressions;
        self.here.expressions = 0;
    }

    fn end_statement(&mut self) {
        self.end_expression();
        self.depth -= self.here.statements;
        self.here.statements = 0;
        self.here.loops = 0;
    }
}
