//! What somebody may have meant.

/// The known name that is nearest to another; empty when none is known.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> &'a str {
    known.into_iter().min_by_key(|known| distance(wanted, known)).unwrap_or_default()
}

/// Characters to insert, delete or replace to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut next = vec![index + 1];
        for (column, known) in other.iter().enumerate() {
            let replaced = row[column] + usize::from(letter != *known);
            next.push(replaced.min(row[column + 1] + 1).min(next[column] + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("BX001", "BX001"), 0);
        assert_eq!(distance("BX1", "BX001"), 2);
        assert_eq!(distance("BY001", "BX001"), 1);
        assert_eq!(distance("", "BX001"), 5);
    }

    #[test]
    fn the_nearest_of_several() {
        assert_eq!(nearest("pakages", ["files", "packages"]), "packages");
        assert_eq!(nearest("x", []), "");
    }
}
