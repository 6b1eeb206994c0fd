//! What a built script asks for, and whether it is JavaScript at all.
//!
//! Scripts are untrusted: their tokens are read one by one, without recursion. What is found wrong is what tokens
//! prove; a script that a parser would refuse for its grammar passes.

mod imports;
mod syntax;
mod tokens;
mod trivia;

pub use imports::Imports;

use imports::Finder;
use syntax::{Checker, Defect};
use tokens::{Stop, Tokens};

/// What is known of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// What it imports, and which files of packages it names.
    pub asked: Imports,
    /// Whether it is one.
    pub syntax: Syntax,
}

/// Whether a script is JavaScript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Syntax {
    /// Nothing speaks against it.
    #[default]
    Fine,
    /// Why Node would not run it.
    Broken(String),
    /// It is too large to be read.
    Unknown,
}

impl Script {
    /// Reads a script. Bytes that are not UTF-8 are replaced, as Node does.
    pub fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut finder = Finder::default();
        let syntax = match walk(&text, &mut finder) {
            Err(End::Broken(why)) => Syntax::Broken(why),
            Ok(()) | Err(End::Unclear) => Syntax::Fine,
        };
        Self { asked: finder.finish(), syntax }
    }

    /// A script that is too large to be read.
    pub fn unread() -> Self {
        Self { syntax: Syntax::Unknown, ..Self::default() }
    }

    /// Whether there is nothing to say about it.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// How much memory it takes, about.
    pub fn weight(&self) -> u64 {
        const EACH: usize = 64;
        let modules: usize = self.asked.modules.iter().map(|module| module.len() + EACH).sum();
        let paths: usize = self.asked.paths.iter().map(|(package, path)| package.len() + path.len() + EACH).sum();
        let why = if let Syntax::Broken(why) = &self.syntax { why.len() } else { 0 };
        (modules + paths + why + EACH) as u64
    }
}

/// Why a script was not read to its end.
enum End {
    Broken(String),
    /// It can be read in two ways, so that nothing is said about it.
    Unclear,
}

/// Hands on all tokens, and looks at each.
fn walk<'a>(text: &'a str, finder: &mut Finder<'a>) -> Result<(), End> {
    let (mut tokens, mut checker) = (Tokens::new(text), Checker::default());
    let broken = |defect: Defect| End::Broken(format!("{}: {}", position(text, defect.at), defect.what));
    loop {
        match tokens.next() {
            Ok(None) => return checker.finish().map_err(broken),
            Ok(Some(token)) => {
                checker.take(token).map_err(broken)?;
                finder.take(token);
            }
            Err(Stop::Unended(what)) => return Err(End::Broken(what.to_owned())),
            Err(Stop::Unclear) => return Err(End::Unclear),
        }
    }
}

fn position(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}
