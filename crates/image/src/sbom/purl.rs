//! Package URLs (ECMA-427).

use std::fmt::Write;

/// `pkg:npm/%40scope/name@version`
pub(super) fn npm(name: &str, version: &str) -> String {
    let parts: Vec<String> = name.split('/').map(encoded).collect();
    format!("pkg:npm/{}@{}", parts.join("/"), encoded(version))
}

/// `pkg:deb/debian/name@version?arch=…&distro=…`
pub(super) fn debian(distribution: &str, name: &str, version: &str, qualifiers: &[(&str, &str)]) -> String {
    let mut url = format!("pkg:deb/{}/{}@{}", encoded(distribution), encoded(name), encoded(version));
    let given = qualifiers.iter().filter(|(_, value)| !value.is_empty());
    for (index, (key, value)) in given.enumerate() {
        let _ = write!(url, "{}{key}={}", if index == 0 { '?' } else { '&' }, encoded(value));
    }
    url
}

/// `pkg:generic/name@version`
pub(super) fn generic(name: &str, version: &str) -> String {
    format!("pkg:generic/{}@{}", encoded(name), encoded(version))
}

/// Percent-encoded; letters, digits and `-._~` stay, and so does a colon, which the specification leaves as it is.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_and_versions_are_encoded() {
        assert_eq!(npm("@backstage/core", "1.0.0+a"), "pkg:npm/%40backstage/core@1.0.0%2Ba");
        assert_eq!(
            debian("debian", "libstdc++6", "1:14.2-19", &[("arch", "amd64"), ("distro", "")]),
            "pkg:deb/debian/libstdc%2B%2B6@1:14.2-19?arch=amd64"
        );
        assert_eq!(generic("node", "24.1.0"), "pkg:generic/node@24.1.0");
    }
}
