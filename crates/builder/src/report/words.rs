//! Numbers in words, as the page has them.

pub(crate) use diagnostics::decimal_size as bytes;

/// What became of a number of bytes.
pub(crate) fn change_of_bytes(before: u64, now: u64) -> String {
    match now.cmp(&before) {
        std::cmp::Ordering::Less => format!("\u{2212}{}", bytes(before - now)),
        std::cmp::Ordering::Equal => "the same".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", bytes(now - before)),
    }
}

/// A duration.
pub(crate) fn seconds(number: f64) -> String {
    if number < 0.05 { format!("{number:.2} s") } else { format!("{number:.1} s") }
}

/// What became of a duration.
pub(crate) fn change_of_seconds(before: f64, now: f64) -> String {
    match now - before {
        less if less <= -0.05 => format!("\u{2212}{}", seconds(-less)),
        more if more >= 0.05 => format!("+{}", seconds(more)),
        _ => "the same".to_owned(),
    }
}

/// A number of things.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {}", if number == 1 { one } else { many })
}

/// A part of a whole, for a style sheet.
pub(crate) fn percent(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { (part / whole * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    format!("{share:.3}%")
}

/// Text that a program printed, without what a terminal would obey: colours go, other control characters are
/// shown as what they are.
pub(crate) fn plain(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(char) = rest.next() {
        match char {
            '\u{1b}' if rest.peek() == Some(&'[') => {
                // A control sequence ends with a character from @ on (ECMA-48, 5.4).
                rest.next();
                let _ = rest.by_ref().find(|char| ('@'..='~').contains(char));
            }
            '\n' | '\t' => found.push(char),
            '\r' => {}
            char if char.is_control() => found.extend(char.escape_default()),
            char => found.push(char),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (number, text) in [(7, "7 B"), (1_240, "1.2 kB"), (999_960, "1.0 MB"), (297_000_000, "297.0 MB")] {
            assert_eq!(bytes(number), text);
        }
        assert_eq!(change_of_bytes(2_000, 500), "\u{2212}1.5 kB");
        assert_eq!((change_of_bytes(5, 5), change_of_bytes(5, 6)), ("the same".to_owned(), "+1 B".to_owned()));
        assert_eq!((seconds(0.012), seconds(12.34)), ("0.01 s".to_owned(), "12.3 s".to_owned()));
        assert_eq!(change_of_seconds(10.0, 8.75), "\u{2212}1.2 s");
        assert_eq!(count(1_234_567, "file", "files"), "1,234,567 files");
        assert_eq!(count(1, "file", "files"), "1 file");
        assert_eq!((percent(1.0, 3.0), percent(1.0, 0.0)), ("33.333%".to_owned(), "0.000%".to_owned()));
    }

    #[test]
    fn what_a_terminal_would_obey_goes() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\tx\r\n\u{7}"), "red\tx\n\\u{7}");
        assert_eq!(plain("\u{1b}[31"), "");
    }
}
