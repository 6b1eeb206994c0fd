//! How long the pieces of a script are: what is skipped, and what is taken whole.

use crate::tokens::Stop;

const UNENDED_TEXT: Stop = Stop::Unended("a string that does not end");
const UNENDED_TEMPLATE: Stop = Stop::Unended("a template that does not end");
const UNENDED_COMMENT: Stop = Stop::Unended("a comment that does not end");
const UNENDED_PATTERN: Stop = Stop::Unended("a regular expression that does not end");

fn ends_line(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_space(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

/// Whether a character can be part of a name. Those beyond ASCII count as such.
pub(crate) fn is_word(character: char) -> bool {
    let is_ascii_part = character.is_ascii_alphanumeric() || matches!(character, '_' | '$' | '#');
    is_ascii_part || (!character.is_ascii() && !is_space(character))
}

/// Length of the first line, when it names an interpreter.
pub(crate) fn hashbang(source: &str) -> usize {
    let start = source.strip_prefix('\u{feff}').unwrap_or(source);
    if start.starts_with("#!") { source.find(ends_line).unwrap_or(source.len()) } else { 0 }
}

/// Length of the white space and comments that `rest` begins with, and whether a line ends in them.
pub(crate) fn skip(rest: &str) -> Result<(usize, bool), Stop> {
    let (mut at, mut newline) = (0, false);
    loop {
        let left = &rest[at..];
        let space = left.find(|character| !is_space(character)).unwrap_or(left.len());
        newline |= left[..space].contains(ends_line);
        at += space;
        let left = &rest[at..];
        if left.starts_with("//") {
            at += left.find(ends_line).unwrap_or(left.len());
        } else if let Some(comment) = left.strip_prefix("/*") {
            let length = comment.find("*/").ok_or(UNENDED_COMMENT)? + 4;
            newline |= left[..length].contains(ends_line);
            at += length;
        } else {
            return Ok((at, newline));
        }
    }
}

/// Length of the string that `rest` begins with.
pub(crate) fn string(rest: &str) -> Result<usize, Stop> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if rest[at..].starts_with("\\\r\n") => at += 3,
            b'\\' => at += 2,
            b'\n' | b'\r' => return Err(UNENDED_TEXT),
            byte if *byte == bytes[0] => return Ok(at + 1),
            _ => at += 1,
        }
    }
    Err(UNENDED_TEXT)
}

/// Length of the part of a template that `rest` begins with, and whether the template ends there: else it goes
/// on with `${`.
pub(crate) fn template(rest: &str) -> Result<(usize, bool), Stop> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'`' => return Ok((at + 1, true)),
            b'$' if bytes.get(at + 1) == Some(&b'{') => return Ok((at + 2, false)),
            _ => at += 1,
        }
    }
    Err(UNENDED_TEMPLATE)
}

/// Length of the regular expression that `rest` begins with. Its flags are read as a name.
pub(crate) fn regular_expression(rest: &str) -> Result<usize, Stop> {
    let (mut is_escaped, mut in_class) = (false, false);
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if ends_line(character) => return Err(UNENDED_PATTERN),
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return Ok(at + 1 + word(&rest[at + 1..])),
            _ => {}
        }
    }
    Err(UNENDED_PATTERN)
}

/// Length of the number that `rest` begins with, with everything that sticks to it.
pub(crate) fn number(rest: &str) -> usize {
    for (at, character) in rest.char_indices() {
        let is_sign = matches!(character, '+' | '-') && ends_with_exponent(&rest[..at]);
        if !(is_sign || character == '.' || is_word(character)) {
            return at;
        }
    }
    rest.len()
}

fn ends_with_exponent(number: &str) -> bool {
    let digits = number.strip_suffix(['e', 'E']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'))
}

/// Length of the name that `rest` begins with.
pub(crate) fn word(rest: &str) -> usize {
    rest.find(|character| !is_word(character)).unwrap_or(rest.len())
}

/// Length of the mark that `rest` begins with: those that are told apart, or runs of operators.
pub(crate) fn mark(rest: &str) -> usize {
    for known in ["...", "++", "--", "=>"] {
        if rest.starts_with(known) {
            return known.len();
        }
    }
    if rest.starts_with("?.") && !rest[2..].starts_with(|next: char| next.is_ascii_digit()) {
        return 2;
    }
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let runs = rest.starts_with(['=', '<', '>', '&', '|', '^', '*', '%']);
    let assigns = rest[first..].starts_with('=') && !rest[first..].starts_with("=>");
    let run = rest[first..].find(|next| !"=<>&|^*%".contains(next)).unwrap_or(rest.len() - first);
    if runs || assigns { first + run } else { first }
}
