//! Sizes as people write them.

/// A number of bytes with an optional unit; a letter alone is a power of 1024, as in Docker's `--memory`.
///
/// # Errors
/// It is no number, or has another unit.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    const UNITS: &[(&str, u64)] = &[
        ("", 1),
        ("B", 1),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("K", 1 << 10),
        ("M", 1 << 20),
        ("G", 1 << 30),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    let factor = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, factor)| *factor);
    let wrong = || "expected a number with one of the units K, M, G, kB, MB, GB, KiB, MiB, GiB".to_owned();
    let (factor, (whole, part)) = (factor.ok_or_else(wrong)?, number.split_once('.').unwrap_or((number, "0")));
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let digits = u32::try_from(part.len()).ok().filter(|digits| *digits <= 9).ok_or_else(wrong)?;
    let part: u64 = part.parse().map_err(|_| wrong())?;
    let bytes =
        whole.checked_mul(factor).and_then(|bytes| bytes.checked_add(part.checked_mul(factor)? / 10_u64.pow(digits)));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("350MB", 350_000_000),
            ("1.5GiB", 3 << 29),
            ("12", 12),
            ("0.25 kB", 250),
            ("1KiB", 1024),
            ("512m", 512 << 20),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "MB", "1TB", "1.2.3MB", "-1", "1.GB", "99999999999999GB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
