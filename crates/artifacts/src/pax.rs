//! Extended headers of the pax format: records `LENGTH KEY=VALUE\n`, where the length counts the
//! whole record. Read by length and not by line, since a value may hold line ends.

/// What an entry's extended headers say in place of its header.
#[derive(Debug, Default)]
pub(crate) struct Extended {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
}

impl Extended {
    /// Adds the records in `data`.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn add_records(&mut self, mut data: &[u8]) -> Result<(), &'static str> {
        const BROKEN: &str = "an extended header that cannot be read";
        while !data.is_empty() {
            let digits = data.iter().position(|byte| *byte == b' ').ok_or(BROKEN)?;
            let length: usize = number(&data[..digits]).and_then(|length| length.try_into().ok()).ok_or(BROKEN)?;
            let record = data.get(digits + 1..length).ok_or(BROKEN)?.strip_suffix(b"\n").ok_or(BROKEN)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(BROKEN)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.path = Some(value.to_owned()),
                b"linkpath" => self.link = Some(value.to_owned()),
                b"size" => self.size = Some(number(value).ok_or(BROKEN)?),
                _ => {}
            }
            data = &data[length..];
        }
        Ok(())
    }

    /// Whether it says anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.path.is_none() && self.link.is_none() && self.size.is_none()
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if is_number { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_line_ends() {
        let mut extended = Extended::default();
        extended.add_records(b"12 path=a\nb\n19 linkpath=target\n9 size=7\n").unwrap();
        assert_eq!(extended.path.unwrap(), b"a\nb");
        assert_eq!(extended.link.unwrap(), b"target");
        assert_eq!(extended.size, Some(7));
    }

    #[test]
    fn broken_records_are_refused() {
        for broken in [&b"x"[..], b"5 a=b", b"99 a=b\n", b"0 a=b\n", b"2 \n", b"-6 a=b\n", b"7 size=\n", b" a=b\n"] {
            assert!(Extended::default().add_records(broken).is_err(), "{broken:?}");
        }
    }
}
