//! What a built script asks for, and whether it is JavaScript at all.
//!
//! Scripts are untrusted: their tokens are read one by one and how deep they nest is measured, before the parser,
//! which recurses, sees them.

mod imports;
mod nesting;
mod tokens;
mod trivia;

#[cfg(feature = "javascript")]
mod syntax;

pub(crate) use imports::Asked;

use imports::Finder;
use nesting::Nesting;
use tokens::{Stop, Tokens};

/// How deep a script may nest. Of 9,000 scripts that npm packages publish the deepest has 171.
const DEEPEST: u32 = 500;

/// What is known of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) asked: Asked,
    pub(crate) syntax: Syntax,
}

/// Whether a script is JavaScript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Nothing speaks against it.
    #[default]
    Fine,
    /// Why Node would not run it.
    Broken(String),
    /// It is too large to be parsed.
    Unknown,
}

impl Script {
    /// Reads a script, and parses it if that may be done with the `work` that is left, from which it takes. Bytes
    /// that are not UTF-8 are replaced, as Node does.
    pub(crate) fn read(path: &str, bytes: &[u8], work: &mut u64) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut finder = Finder::default();
        let syntax = match walk(&text, &mut finder) {
            Ok(needed) => match work.checked_sub(needed) {
                Some(left) => {
                    *work = left;
                    syntax(path, &text)
                }
                None => Syntax::Unknown,
            },
            Err(End::Broken(why)) => Syntax::Broken(why),
            Err(End::Unclear) => Syntax::Fine,
        };
        Self { asked: finder.finish(), syntax }
    }

    /// A script that is too large to be read.
    pub(crate) fn unread() -> Self {
        Self { syntax: Syntax::Unknown, ..Self::default() }
    }

    /// Whether there is nothing to say about it.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// How much memory it takes, about.
    pub(crate) fn weight(&self) -> u64 {
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

/// Hands on all tokens, and tells how much work parsing them is: a parser that tries to read brackets as the
/// parameters of a function reads every token again for each bracket around it.
fn walk<'a>(text: &'a str, finder: &mut Finder<'a>) -> Result<u64, End> {
    let (mut tokens, mut nesting, mut work) = (Tokens::new(text), Nesting::default(), 0);
    loop {
        match tokens.next() {
            Ok(None) => return Ok(work),
            Ok(Some(token)) => {
                let depth = nesting.take(&token);
                if depth > DEEPEST {
                    return Err(End::Broken(format!("code that nests more than {DEEPEST} deep")));
                }
                work += u64::from(depth) + 1;
                finder.take(token);
            }
            Err(Stop::Unended(what)) => return Err(End::Broken(what.to_owned())),
            Err(Stop::Unclear) => return Err(End::Unclear),
        }
    }
}

#[cfg(feature = "javascript")]
use syntax::syntax;

#[cfg(not(feature = "javascript"))]
fn syntax(_path: &str, _text: &str) -> Syntax {
    Syntax::Fine
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What can stand in the way of a parser that recurses.
    const PIECES: &[&str] = &[
        "(",
        "[",
        "{",
        "`${",
        "a",
        "1",
        "'a'",
        "/a/",
        "=",
        "=>",
        "?",
        ":",
        "?.",
        ".",
        ",",
        "...",
        "!",
        "-",
        "++",
        "**",
        "&&",
        "??",
        "|",
        "<",
        "new ",
        "typeof ",
        "await ",
        "yield ",
        "async ",
        "function ",
        "function*a(){",
        "class ",
        " extends ",
        "if(a)",
        "else ",
        "do ",
        "while(a)",
        "for(;;)",
        "for(a of ",
        "switch(a){case ",
        "try{",
        "catch(a){",
        "return ",
        "throw ",
        "import(",
        "export default ",
        "import a from 'a'",
        "let ",
        "a:",
        "case a:",
        "@a ",
        "#a",
        " in ",
        " instanceof ",
        "get ",
        "static ",
        "with(a)",
        ";",
        "\n",
        ")",
        "]",
        "}",
        "`",
        "/",
        "delete ",
        "void ",
        "super(",
    ];

    fn read(code: &str) -> Script {
        let mut work = u64::MAX;
        Script::read("a.js", code.as_bytes(), &mut work)
    }

    /// A stack that overflows ends the whole test.
    #[test]
    fn nothing_that_repeats_overflows_the_stack() {
        for first in PIECES {
            for second in PIECES {
                read(&[*first, *second].concat().repeat(1500));
            }
        }
    }

    fn is_too_deep(code: &str) -> bool {
        matches!(read(code).syntax, Syntax::Broken(why) if why.contains("deep"))
    }

    #[test]
    fn chains_are_not_deep() {
        for (begin, chain, end) in [
            ("x = a", " + a", ";"),
            ("x = a", ".b().c[d]`e`", ";"),
            ("x = a", " && b || c", ";"),
            ("", "if (a) { b = c => d }\n", ""),
            ("", "const a = !b ? c : -d\n", ""),
            ("", "a = () => b;", ""),
            ("x = {", "a: !b, c() { return d }, ", "}"),
            ("switch (a) {", "case 1:\ncase 2: default: b = c; ", "}"),
            ("", "function a() { return b = c }\n", ""),
            ("x = [", "a => b, ", "]"),
            ("", "while (a) b;", ""),
            ("", "do { a } while (b);", ""),
            ("a", ".with(b).do(c)", ""),
            ("", "for (a of b) for (;;) while (c) d = e;\n", ""),
        ] {
            let code = format!("{begin}{}{end}", chain.repeat(3000));
            assert!(!is_too_deep(&code), "{chain}");
        }
    }

    #[test]
    fn an_else_keeps_what_is_open() {
        for link in
            ["if (a) b, c; else ", "if (a) { b } else ", "if (a) do b; while (c); else ", "if (a) for (;;) b; else "]
        {
            let code = |count| link.repeat(count) + "d;";
            assert_eq!(read(&code(150)).syntax, Syntax::Fine, "{link}");
            assert!(is_too_deep(&code(600)), "{link}");
        }
    }
}
