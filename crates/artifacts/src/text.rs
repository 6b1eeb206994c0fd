//! Words from untrusted bytes, made safe to show on a terminal.

/// Longest text that a finding repeats from an archive.
const LONGEST: usize = 300;

/// `text` with control characters and those that reorder or hide text escaped, cut to a length that
/// fits a message.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        if character.is_control() || is_invisible(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Marks of bidirectional text, zero-width characters and line separators.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The first few of `items`, and how many more there are.
pub(crate) fn few(items: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN { format!("{shown} and {} more", items.len() - SHOWN) } else { shown }
}

/// A digest in hexadecimal.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(printable("packages/é"), "packages/é");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(printable(&"x".repeat(5000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn few_of_many() {
        let items: Vec<_> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(few(&items), "a, b, c and 2 more");
        assert_eq!(few(&items[..2]), "a, b");
    }
}
