//! Extended headers of the pax format: records `LENGTH KEY=VALUE\n`, where the length counts the
//! whole record. Read by length and not by line, since a value may hold line ends.

/// What no tar should have to choose from.
const TWICE: &str = "two names or sizes for one entry";
/// Also where an entry's type says so.
pub(crate) const SPARSE: &str = "a sparse file, which not every tar reads alike";

/// What an entry's extended headers say in place of its header. Nothing is said twice: one tar takes the
/// first, another the last.
#[derive(Debug, Default)]
pub(crate) struct Extended {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    records: bool,
}

impl Extended {
    /// The path of GNU's long name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn long_path(&mut self, data: Vec<u8>) -> Result<(), &'static str> {
        once(&mut self.path, until_nul(data)?)
    }

    /// The target of GNU's long link.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn long_link(&mut self, data: Vec<u8>) -> Result<(), &'static str> {
        once(&mut self.link, until_nul(data)?)
    }

    /// Adds the records of an entry's own header.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn own_records(&mut self, data: &[u8]) -> Result<(), &'static str> {
        if std::mem::replace(&mut self.records, true) {
            return Err(TWICE);
        }
        self.add_records(data)
    }

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
                b"path" => once(&mut self.path, value.to_owned())?,
                b"linkpath" => once(&mut self.link, value.to_owned())?,
                b"size" => once(&mut self.size, number(value).ok_or(BROKEN)?)?,
                // GNU tar takes another name and size from these.
                _ if key.starts_with(b"GNU.sparse.") => return Err(SPARSE),
                _ => {}
            }
            data = &data[length..];
        }
        Ok(())
    }

    /// Whether it says anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.path.is_none() && self.link.is_none() && self.size.is_none() && !self.records
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), &'static str> {
    if place.replace(value).is_none() { Ok(()) } else { Err(TWICE) }
}

/// A name ends with zeros; behind them there is nothing for another tar to see.
fn until_nul(mut bytes: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    if bytes[end..].iter().any(|byte| *byte != 0) {
        return Err("a long name with something behind its end");
    }
    bytes.truncate(end);
    Ok(bytes)
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
    fn nothing_is_said_twice() {
        let mut extended = Extended::default();
        extended.long_path(b"a\0\0".to_vec()).unwrap();
        assert_eq!(extended.path.as_deref(), Some(&b"a"[..]));
        assert_eq!(extended.long_path(b"b".to_vec()), Err(TWICE));
        assert_eq!(Extended::default().own_records(b"9 path=a\n9 path=b\n"), Err(TWICE));
        let mut empty = Extended::default();
        empty.own_records(b"").unwrap();
        assert_eq!(empty.own_records(b""), Err(TWICE));
        assert_eq!(Extended::default().own_records(b"21 GNU.sparse.name=a\n"), Err(SPARSE));
        assert!(Extended::default().long_link(b"a\0b".to_vec()).is_err());
    }

    #[test]
    fn broken_records_are_refused() {
        for broken in [&b"x"[..], b"5 a=b", b"99 a=b\n", b"0 a=b\n", b"2 \n", b"-6 a=b\n", b"7 size=\n", b" a=b\n"] {
            assert!(Extended::default().add_records(broken).is_err(), "{broken:?}");
        }
    }
}
