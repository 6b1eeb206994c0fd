//! The text of a glob into tokens.

use std::iter::Peekable;
use std::str::Chars;

use super::{GlobError, UnclosedClass};

/// A piece of a glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(char),
    /// `?`
    Any,
    /// `*`
    ZeroOrMore,
    /// `**/` at the beginning
    RecursivePrefix,
    /// `/**` at the end
    RecursiveSuffix,
    /// `/**/`
    RecursiveZeroOrMore,
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// `{a,b}`
    Alternates(Vec<Vec<Token>>),
}

pub(super) fn tokens(pattern: &str, unclosed: UnclosedClass) -> Result<Vec<Token>, GlobError> {
    let mut parser = Parser {
        rest: pattern.chars().peekable(),
        before: None,
        last: None,
        branches: vec![Vec::new()],
        alternates: Vec::new(),
        unclosed,
        has_unclosed: false,
    };
    parser.run()?;
    match parser.branches.pop() {
        Some(tokens) if parser.branches.is_empty() => Ok(tokens),
        _ => Err(GlobError::UnclosedAlternates),
    }
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    /// The last character that was taken, and the one before it.
    last: Option<char>,
    before: Option<char>,
    /// The tokens, and those of the alternates that are open.
    branches: Vec<Vec<Token>>,
    /// Where the alternates of each open `{` begin.
    alternates: Vec<usize>,
    unclosed: UnclosedClass,
    /// A `[` was no class, so that none behind it is one either.
    has_unclosed: bool,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), GlobError> {
        while let Some(character) = self.take() {
            match character {
                '?' => self.push(Token::Any),
                '*' => self.star(),
                '[' if !self.has_unclosed => self.class()?,
                '{' => {
                    self.alternates.push(self.branches.len());
                    self.branches.push(Vec::new());
                }
                '}' => {
                    let start = self.alternates.pop().ok_or(GlobError::UnopenedAlternates)?;
                    let alternates = self.branches.drain(start..).collect();
                    self.push(Token::Alternates(alternates));
                }
                ',' if !self.alternates.is_empty() => self.branches.push(Vec::new()),
                '\\' => {
                    let escaped = self.take().ok_or(GlobError::DanglingEscape)?;
                    self.push(Token::Literal(escaped));
                }
                character => self.push(Token::Literal(character)),
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Option<char> {
        self.before = self.last;
        self.last = self.rest.next();
        self.last
    }

    fn push(&mut self, token: Token) {
        if let Some(branch) = self.branches.last_mut() {
            branch.push(token);
        }
    }

    fn star(&mut self) {
        let before = self.before;
        if self.rest.peek() != Some(&'*') {
            return self.push(Token::ZeroOrMore);
        }
        self.take();
        match self.recursive(before) {
            None => {
                self.push(Token::ZeroOrMore);
                self.push(Token::ZeroOrMore);
            }
            Some(Token::RecursivePrefix) => self.push(Token::RecursivePrefix),
            Some(token) => {
                // It takes the slash before it along.
                let replaced = self.branches.last_mut().and_then(Vec::pop);
                self.push(match replaced {
                    Some(kept @ (Token::RecursivePrefix | Token::RecursiveSuffix)) => kept,
                    _ => token,
                });
            }
        }
    }

    /// What `**` means; nothing when it is two stars. Takes the slash behind it.
    fn recursive(&mut self, before: Option<char>) -> Option<Token> {
        let next = self.rest.peek().copied();
        if self.branches.last().is_none_or(Vec::is_empty) {
            return matches!(next, None | Some('/')).then(|| {
                self.take();
                Token::RecursivePrefix
            });
        }
        let is_in_alternates = self.branches.len() > 1;
        if before != Some('/') && !(is_in_alternates && matches!(before, Some(',' | '{'))) {
            return None;
        }
        match next {
            None => {
                self.take();
                Some(Token::RecursiveSuffix)
            }
            Some(',' | '}') if is_in_alternates => Some(Token::RecursiveSuffix),
            Some('/') => {
                self.take();
                Some(Token::RecursiveZeroOrMore)
            }
            Some(_) => None,
        }
    }

    fn class(&mut self) -> Result<(), GlobError> {
        let (rest, last, before) = (self.rest.clone(), self.last, self.before);
        match self.closed_class() {
            Err(GlobError::UnclosedClass) if self.unclosed == UnclosedClass::Literal => {
                (self.rest, self.last, self.before) = (rest, last, before);
                self.has_unclosed = true;
                self.push(Token::Literal('['));
                Ok(())
            }
            token => {
                self.push(token?);
                Ok(())
            }
        }
    }

    fn closed_class(&mut self) -> Result<Token, GlobError> {
        let is_negated = matches!(self.rest.peek(), Some('!' | '^'));
        if is_negated {
            self.take();
        }
        let mut ranges: Vec<(char, char)> = Vec::new();
        let mut is_in_range = false;
        loop {
            match (self.take().ok_or(GlobError::UnclosedClass)?, ranges.last_mut()) {
                (']', Some(_)) => break,
                ('-', Some(_)) if !is_in_range => is_in_range = true,
                (character, Some(range)) if is_in_range => {
                    range.1 = character;
                    if range.1 < range.0 {
                        return Err(GlobError::InvalidRange(range.0, range.1));
                    }
                    is_in_range = false;
                }
                (character, _) => ranges.push((character, character)),
            }
        }
        if is_in_range {
            ranges.push(('-', '-'));
        }
        Ok(Token::Class { is_negated, ranges })
    }
}
