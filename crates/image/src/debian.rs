//! The stanzas of Debian's control files (deb822): dpkg's status file, package indexes.

/// The stanzas of a file.
pub fn stanzas(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n").filter(|stanza| !stanza.trim().is_empty())
}

/// A field of a stanza, on one line.
pub fn field<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    let line = stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.map(str::trim)
}

/// Whether dpkg's status says that the package is installed; a stanza without a status is of one that is.
pub fn is_installed(stanza: &str) -> bool {
    field(stanza, "Status").is_none_or(|status| status.ends_with(" installed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_stanzas() {
        let text = "Package: a\nStatus: install ok installed\nDescription: x\n Status: not this\n\nPackage: b\n\
            Status: deinstall ok config-files\n\nPackage: c\n";
        let found: Vec<_> = stanzas(text).map(|one| (field(one, "Package"), is_installed(one))).collect();
        assert_eq!(found, [(Some("a"), true), (Some("b"), false), (Some("c"), true)]);
        assert_eq!(field("Package: a", "Pack"), None);
    }
}
