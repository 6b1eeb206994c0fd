//! Words from untrusted bytes, made safe to show on a terminal.

use monorepo::escaped;

/// Longest text that a finding repeats from an archive.
const LONGEST: usize = 300;

/// `text` without what a terminal would obey, cut to a length that fits a message.
pub(crate) fn printable(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => escaped(&text[..end]) + "…",
        None => escaped(text),
    }
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
        assert_eq!(printable("a\u{1b}[2J"), "a\\u{1b}[2J");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(printable(&"é".repeat(LONGEST)).chars().count(), LONGEST);
        assert_eq!(printable(&"é".repeat(5000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn few_of_many() {
        let items: Vec<_> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(few(&items), "a, b, c and 2 more");
        assert_eq!(few(&items[..2]), "a, b");
    }
}
