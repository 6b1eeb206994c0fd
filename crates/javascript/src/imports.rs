//! What a script asks for by name: modules, and files of packages.

use std::collections::BTreeSet;

use crate::tokens::{Token, TokenKind};

/// What a script asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports {
    /// What it imports, as written.
    pub modules: BTreeSet<String>,
    /// A package, and a path in it (`resolvePackagePath` of `@backstage/backend-plugin-api`).
    pub paths: BTreeSet<(String, String)>,
}

/// How many tokens are remembered.
const REMEMBERED: usize = 7;
/// Longer names are no names of modules.
const LONGEST: usize = 512;

/// What an open bracket holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// What is tried, so that it may be missing.
    Tried,
    /// The parameters of a function.
    Parameters,
    /// The arguments of `resolvePackagePath`.
    Path,
    Other,
}

/// Finds them token by token.
#[derive(Debug, Default)]
pub(crate) struct Finder<'a> {
    /// The last tokens, the newest first.
    last: [Option<Token<'a>>; REMEMBERED],
    open: Vec<Holds>,
    /// How many of the open ones are tried.
    tried: usize,
    imported: BTreeSet<&'a str>,
    required: BTreeSet<&'a str>,
    /// The arguments of a call that is being read, up to the first that is no text.
    arguments: Vec<&'a str>,
    is_literal: bool,
    paths: BTreeSet<(String, String)>,
    /// A function of the script itself has this name, so that nobody can tell what it does.
    has_own_require: bool,
}

impl<'a> Finder<'a> {
    /// Takes the next token.
    pub(crate) fn take(&mut self, token: Token<'a>) {
        self.look(&token);
        match token.kind {
            TokenKind::Open => self.open(&token),
            TokenKind::Close => self.close(),
            _ => {}
        }
        self.last.rotate_right(1);
        self.last[0] = Some(token);
    }

    /// All that was found.
    pub(crate) fn finish(mut self) -> Imports {
        if !self.has_own_require {
            self.imported.append(&mut self.required);
        }
        let modules = self.imported.into_iter().filter(|name| is_plain(name)).map(str::to_owned).collect();
        Imports { modules, paths: self.paths }
    }

    /// Whether the newest tokens are these, the newest last.
    fn ends_with(&self, texts: &[&str]) -> bool {
        texts.iter().rev().zip(&self.last).all(|(text, token)| {
            token.as_ref().is_some_and(|token| token.text == *text && token.kind != TokenKind::Text)
        })
    }

    /// Whether the token so far back is a dot, so that what follows it is a member.
    fn is_member(&self, back: usize) -> bool {
        self.last[back].is_some_and(|token| token.kind == TokenKind::Mark && matches!(token.text, "." | "?."))
    }

    /// Whether this word stands there.
    fn is_word(&self, back: usize, word: &str) -> bool {
        self.last[back].is_some_and(|token| token.kind == TokenKind::Word && token.text == word)
    }

    fn text(&self, back: usize) -> Option<&'a str> {
        self.last[back].filter(|token| token.kind == TokenKind::Text).map(|token| token.text)
    }

    fn look(&mut self, token: &Token<'a>) {
        match token.kind {
            TokenKind::Text if self.ends_with(&["from"]) || (self.ends_with(&["import"]) && !self.is_member(1)) => {
                self.imported.insert(token.text);
            }
            TokenKind::Close | TokenKind::Mark if matches!(token.text, ")" | ",") => self.argument(),
            TokenKind::Word if token.text == "catch" && self.ends_with(&[")", "."]) => self.caught(),
            TokenKind::Word if token.text == "require" => {
                self.has_own_require |= self.open.last() == Some(&Holds::Parameters) || self.is_word(0, "function");
            }
            _ => {}
        }
        self.is_literal &= token.kind == TokenKind::Text || matches!(token.text, ")" | ",");
    }

    /// An argument was read to its end.
    fn argument(&mut self) {
        match self.open.last() {
            Some(Holds::Path) if self.is_literal => self.arguments.extend(self.text(0)),
            Some(Holds::Other) => self.call(),
            _ => {}
        }
    }

    /// A call whose first argument was just read to its end: a text and nothing else.
    fn call(&mut self) {
        let Some(name) = self.text(0) else { return };
        let opens = self.last[1].is_some_and(|token| token.kind == TokenKind::Open && token.text == "(");
        if !opens || self.tried > 0 {
            return;
        }
        let called = self.last[2].filter(|token| token.kind == TokenKind::Word).map(|token| token.text);
        let is_member = self.is_member(3);
        match called {
            Some("import") if !is_member => self.imported.insert(name),
            Some("require") if !is_member || self.is_word(4, "module") => self.required.insert(name),
            Some("resolve") if is_member && self.is_word(4, "require") => self.required.insert(name),
            _ => false,
        };
    }

    /// `import('x').catch(…)` copes with what is missing.
    fn caught(&mut self) {
        if let Some(name) = self.text(2).filter(|_| self.is_word(4, "import")) {
            self.imported.remove(name);
        }
    }

    fn open(&mut self, token: &Token<'a>) {
        let is_function =
            self.ends_with(&["function"]) || self.ends_with(&["function", "*"]) || self.is_word(1, "function");
        let holds = match token.text {
            "{" if self.ends_with(&["try"]) && !self.is_member(1) => Holds::Tried,
            "(" if self.ends_with(&["resolvePackagePath"]) => Holds::Path,
            "(" if is_function => Holds::Parameters,
            _ => Holds::Other,
        };
        self.tried += usize::from(holds == Holds::Tried);
        if holds == Holds::Path {
            self.arguments.clear();
            self.is_literal = true;
        }
        self.open.push(holds);
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Holds::Tried) => self.tried -= 1,
            Some(Holds::Path) => self.path(),
            _ => {}
        }
    }

    /// The path that the arguments make. Texts after something that is none are not known to follow.
    fn path(&mut self) {
        let Some((package, parts)) = self.arguments.split_first() else { return };
        if !parts.is_empty() && self.arguments.iter().all(|part| is_plain(part)) {
            self.paths.insert(((*package).to_owned(), parts.join("/")));
        }
    }
}

/// Whether it means what it says.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && !text.contains(['\\', '\n'])
}
