//! Whether a script is JavaScript, as a parser sees it.

use std::thread;

use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;

use super::Syntax;

/// Enough for the deepest nesting that is let through, in a build without optimization.
const STACK: usize = 64 << 20;
/// Longer scripts are not parsed: the tree takes up to a hundred bytes for each byte of a script.
const LONGEST: usize = 1 << 18;

/// An error in a script.
struct SyntaxError {
    offset: usize,
    message: String,
}

/// The first error in a script, and where it is.
pub(crate) fn syntax(path: &str, text: &str) -> Syntax {
    if text.len() > LONGEST {
        return Syntax::Unknown;
    }
    let parse = || first_error(path, text);
    // Without a thread the machine is short of memory, not the script wrong.
    let parsed = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse).ok()?;
        thread.join().ok()
    });
    match parsed {
        Some(Some(error)) => Syntax::Broken(format!("{}: {}", position(text, error.offset), error.message)),
        Some(None) => Syntax::Fine,
        None => Syntax::Unknown,
    }
}

fn first_error(path: &str, text: &str) -> Option<SyntaxError> {
    match path.rsplit_once('.') {
        Some((_, "mjs")) => error_as(SourceType::mjs(), text),
        Some((_, "cjs")) => error_as(SourceType::cjs(), text),
        // Which of both a `.js` is depends on a manifest: it is wrong when it is neither, and was meant as what it
        // is for longer.
        _ => {
            let (script, module) = (error_as(SourceType::cjs(), text)?, error_as(SourceType::mjs(), text)?);
            Some(if module.offset > script.offset { module } else { script })
        }
    }
}

fn error_as(kind: SourceType, text: &str) -> Option<SyntaxError> {
    let allocator = Allocator::default();
    let options = ParseOptions { allow_return_outside_function: !kind.is_module(), ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, text, kind).with_options(options).parse();
    let error = parsed.errors.first()?;
    let offset = error.labels.as_ref().and_then(|labels| labels.first()).map_or(0, |label| label.offset());
    Some(SyntaxError { offset, message: error.message.to_string() })
}

fn position(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}
