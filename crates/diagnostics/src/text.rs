//! Words from files of others, made safe to show on a terminal.

/// Longest text that a finding repeats.
const LONGEST: usize = 300;

/// `text` without what a terminal would obey, cut to a length that fits a message.
pub fn printable(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => escaped(&text[..end]) + "…",
        None => escaped(text),
    }
}

/// The first few of `items`, and how many more there are.
pub fn few(items: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN { format!("{shown} and {} more", items.len() - SHOWN) } else { shown }
}

/// `text` with control characters and those that reorder or hide text escaped.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Marks of bidirectional text, zero-width characters, line separators and tags.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(escaped("a\u{1b}[2Jb\nc\u{202e}d\u{9b}"), "a\\u{1b}[2Jb\\nc\\u{202e}d\\u{9b}");
        assert_eq!(escaped("packages/é"), "packages/é");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(printable("a\u{1b}[2J"), "a\\u{1b}[2J");
        assert_eq!(printable(&"é".repeat(LONGEST)).chars().count(), LONGEST);
        assert_eq!(printable(&"é".repeat(5000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn few_of_many() {
        let items: Vec<_> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(few(&items), "a, b, c and 2 more");
        assert_eq!(few(&items[..2]), "a, b");
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_obey_and_nothing_else_changes(text in any::<String>()) {
            let shown = escaped(&text);
            prop_assert!(!shown.chars().any(|letter| letter.is_control() || is_invisible(letter)));
            prop_assert_eq!(escaped(&shown), shown.clone());
            let plain: String = text.chars().filter(|letter| !letter.is_control() && !is_invisible(*letter)).collect();
            prop_assert_eq!(escaped(&plain), plain);
        }
    }
}
