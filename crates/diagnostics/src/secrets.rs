//! Recognizes secrets by their shape. A value is never handed on.

use serde::{Deserialize, Serialize};

/// What a text seems to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SecretShape {
    /// In PEM form.
    PrivateKey,
    /// `npm_…`.
    NpmToken,
    /// `ghp_…`, `github_pat_…` and their kin.
    GithubToken,
    /// The id of one; its secret is beside it.
    AwsKey,
    /// In an `.npmrc`.
    RegistryCredential,
}

impl SecretShape {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::PrivateKey => "a private key in PEM form",
            Self::NpmToken => "a token of npm",
            Self::GithubToken => "a token of GitHub",
            Self::AwsKey => "an access key of AWS",
            Self::RegistryCredential => "a literal credential for a registry",
        }
    }
}

/// Bytes at the start that tell text from other data.
const SNIFFED: usize = 1024;
/// Tokens with fewer different characters are placeholders such as `npm_xxxx…`.
const VARIETY: usize = 8;

/// The kinds of secrets in a file's data, sorted. Data that is no text has none.
pub fn scan_for_secrets(path: &str, data: &[u8]) -> Vec<SecretShape> {
    if data.iter().take(SNIFFED).any(|byte| *byte == 0) {
        return Vec::new();
    }
    let mut found: Vec<SecretShape> = Vec::new();
    for (at, byte) in data.iter().enumerate() {
        let secret = match byte {
            b'-' if is_private_key(&data[at..]) => SecretShape::PrivateKey,
            b'_' => match token(&data[..at], &data[at + 1..]) {
                Some(secret) => secret,
                None => continue,
            },
            b'A' if is_aws_key(&data[..at], &data[at..]) => SecretShape::AwsKey,
            _ => continue,
        };
        found.push(secret);
    }
    if path.rsplit('/').next() == Some(".npmrc") && has_credential(data) {
        found.push(SecretShape::RegistryCredential);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether the name of a variable says that its value is a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PRIVATE_KEY", "API_KEY"].iter().any(|word| name.contains(word))
}

/// A header of a private key that is followed by one: the header alone occurs in every library that
/// reads keys.
fn is_private_key(data: &[u8]) -> bool {
    const LONGEST_LABEL: usize = 40;
    const LINE: usize = 40;
    const LOOKED_AT: usize = 200;
    let Some(rest) = data.strip_prefix(b"-----BEGIN ") else { return false };
    let label = &rest[..rest.len().min(LONGEST_LABEL)];
    let Some(dashes) = label.windows(5).position(|bytes| bytes == b"-----") else { return false };
    let is_private = label[..dashes].windows(11).any(|bytes| bytes == b"PRIVATE KEY");
    let body = &rest[dashes + 5..];
    let body = &body[..body.len().min(LOOKED_AT)];
    let mut lines = body.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'+' && *byte != b'/');
    is_private && lines.any(|line| line.len() >= LINE && is_varied(line))
}

/// A token around an underscore: `npm_…`, `ghp_…`, `github_pat_…`.
fn token(before: &[u8], after: &[u8]) -> Option<SecretShape> {
    const SHAPES: &[(&[u8], usize, SecretShape)] = &[
        (b"npm", 36, SecretShape::NpmToken),
        (b"ghp", 36, SecretShape::GithubToken),
        (b"gho", 36, SecretShape::GithubToken),
        (b"ghu", 36, SecretShape::GithubToken),
        (b"ghs", 36, SecretShape::GithubToken),
        (b"ghr", 36, SecretShape::GithubToken),
        (b"github_pat", 82, SecretShape::GithubToken),
    ];
    let follows = |prefix: &[u8]| before.strip_suffix(prefix).is_some_and(ends_a_word);
    let shape = SHAPES.iter().find(|(prefix, length, _)| follows(prefix) && is_word(after, *length));
    shape.map(|(_, _, secret)| *secret)
}

/// The id of an AWS key; those of the documentation end in `EXAMPLE`.
fn is_aws_key(before: &[u8], data: &[u8]) -> bool {
    let Some(rest) = data.strip_prefix(b"AKIA").or_else(|| data.strip_prefix(b"ASIA")) else { return false };
    let is_key = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    ends_a_word(before) && is_word(rest, 16) && rest[..16].iter().all(is_key) && !rest[..16].ends_with(b"EXAMPLE")
}

/// Whether a word of exactly this length begins here, and not a placeholder.
fn is_word(data: &[u8], length: usize) -> bool {
    data.len() >= length
        && data[..length].iter().all(is_word_byte)
        && data.get(length).is_none_or(|byte| !is_word_byte(byte))
        && is_varied(&data[..length])
}

fn ends_a_word(before: &[u8]) -> bool {
    before.last().is_none_or(|byte| !is_word_byte(byte))
}

fn is_word_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

fn is_varied(word: &[u8]) -> bool {
    let mut bytes = word.to_vec();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.len() >= VARIETY
}

/// A setting of `.npmrc` with a password or token that is no variable.
fn has_credential(data: &[u8]) -> bool {
    String::from_utf8_lossy(data).lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
        let key = key.trim().rsplit(':').next().unwrap_or_default();
        let value = value.trim().trim_matches(['"', '\'']);
        ["_authToken", "_auth", "_password"].contains(&key) && !value.is_empty() && !value.contains("${")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Put together here, so that no scanner takes this file for a leak.
    fn token_of(prefix: &str, length: usize) -> String {
        let letters = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7";
        prefix.chars().chain(letters.chars().cycle().take(length)).collect()
    }

    fn key(label: &str, end: &str) -> String {
        format!("-----BEGIN {label}-----{end}{}{end}", token_of("", 64))
    }

    fn of(text: &str) -> Vec<SecretShape> {
        scan_for_secrets("a.js", text.as_bytes())
    }

    #[test]
    fn tokens_have_their_length_and_end_there() {
        for (text, secret) in [
            (token_of("npm_", 36), SecretShape::NpmToken),
            (token_of("ghp_", 36), SecretShape::GithubToken),
            (token_of("ghs_", 36), SecretShape::GithubToken),
            (token_of("github_pat_", 82), SecretShape::GithubToken),
        ] {
            assert_eq!(of(&text), [secret], "{text}");
            assert_eq!(of(&format!("a = '{text}';{text}")), [secret]);
            assert_eq!(of(&format!("x{text}")), [], "within a word");
            assert_eq!(of(&format!("{text}x")), [], "too long");
            assert_eq!(of(&text[..text.len() - 1]), [], "too short");
        }
        assert_eq!(of(&format!("npm_{}", "x".repeat(36))), [], "a placeholder");
    }

    #[test]
    fn keys_of_aws() {
        let id = ["AKIA", "Q3EGWT7ZB5PLN2XC"].concat();
        assert_eq!(of(&format!("id: {id}\n")), [SecretShape::AwsKey]);
        assert_eq!(of(&id.to_lowercase()), []);
        assert_eq!(of("AKIAIOSFODNN7EXAMPLE"), []);
    }

    #[test]
    fn a_private_key_is_more_than_its_header() {
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
            assert_eq!(of(&key(label, "\n")), [SecretShape::PrivateKey], "{label}");
            assert_eq!(of(&key(label, "\\n")), [SecretShape::PrivateKey], "{label} in a string");
        }
        assert_eq!(of("if (pem.startsWith('-----BEGIN PRIVATE KEY-----')) throw new Error('no')"), []);
        assert_eq!(of(&key("CERTIFICATE", "\n")), []);
        assert_eq!(of("-----BEGIN PRIVATE KEY-----"), []);
        assert_eq!(of("-----BEGIN "), []);
    }

    #[test]
    fn credentials_of_registries() {
        let npmrc = |text: &str| scan_for_secrets("packages/x/.npmrc", text.as_bytes());
        assert_eq!(npmrc("//registry.example/:_authToken=abc"), [SecretShape::RegistryCredential]);
        assert_eq!(npmrc("registry=https://x\n_auth = \"abc\"\n"), [SecretShape::RegistryCredential]);
        assert_eq!(npmrc("//registry.example/:_authToken=${NPM_TOKEN}\n_password=\n"), []);
        assert_eq!(of("//registry.example/:_authToken=abc"), [], "another file");
    }

    #[test]
    fn data_that_is_no_text_is_left_alone() {
        assert_eq!(scan_for_secrets("a.png", &[&[0][..], token_of("npm_", 36).as_bytes()].concat()), []);
        assert_eq!(scan_for_secrets("a", &[0xff, b'_', 0xff, b'A', b'-']), []);
    }
}
