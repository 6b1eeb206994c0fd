//! What somebody may have meant.

/// The known name that is nearest to another; empty when none is known.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> &'a str {
    known.into_iter().min_by_key(|known| strsim::levenshtein(wanted, known)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_several() {
        assert_eq!(nearest("pakages", ["files", "packages"]), "packages");
        assert_eq!(nearest("BX1", ["BY001", "BX001"]), "BX001");
        assert_eq!(nearest("x", []), "");
    }
}
