//! Hides secrets in what programs print: the values of those they were given, and the credentials of any URL.

use std::ffi::{OsStr, OsString};

use diagnostics::is_secret_name;

use crate::secrets::{Secret, SecretSource};

/// What stands in place of a secret.
const HIDDEN: &str = "***";
/// Shorter values are no secrets, and hiding them would make output unreadable.
const SHORTEST: usize = 6;

/// Values of letters and digits that are as long are made by machines.
const RANDOM: usize = 16;

/// The values that are hidden, the longest first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redactor(Vec<String>);

impl Redactor {
    /// Hides these values. Of a proxy only the credentials are secret, which are hidden in every URL.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a OsStr)>) -> Self {
        let secrets = secrets.into_iter().filter(|(name, _)| !name.to_uppercase().ends_with("_PROXY"));
        let values = secrets.map(|(_, value)| value.to_string_lossy().into_owned());
        let mut lines: Vec<String> =
            values.flat_map(|value| value.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()).collect();
        lines.retain(|line| line.len() >= SHORTEST);
        lines.sort_by_key(|line| std::cmp::Reverse(line.len()));
        Self(lines)
    }

    /// Hides the values of secrets that are variables of this process.
    pub fn of(secrets: &[Secret]) -> Self {
        let value = |secret: &Secret| match &secret.source {
            SecretSource::Variable(name) => Some((secret.id.clone(), std::env::var_os(name)?)),
            // Certificates are public.
            SecretSource::File(_) => None,
        };
        let values: Vec<(String, OsString)> = secrets.iter().filter_map(value).collect();
        Self::new(values.iter().map(|(name, value)| (name.as_str(), value.as_os_str())))
    }

    /// Hides, of the variables of a running backend, what may be secret: hosts, ports and users are what its log is
    /// about.
    pub fn of_service(variables: &[(String, OsString)]) -> Self {
        let secret = variables.iter().filter(|(name, value)| may_be_secret(name, &value.to_string_lossy()));
        Self::new(secret.map(|(name, value)| (name.as_str(), value.as_os_str())))
    }

    /// The line without secrets.
    pub fn line(&self, line: &str) -> String {
        let hide = |line: String, value: &String| if line.contains(value) { line.replace(value, HIDDEN) } else { line };
        self.0.iter().fold(without_credentials(line), hide)
    }
}

/// By a word in the variable's name, or since its value is no word, number, address or path.
fn may_be_secret(name: &str, value: &str) -> bool {
    let is_meant =
        |word: &str| ["PASS", "PASSWD", "PAT", "KEY", "KEYS", "AUTH", "CREDENTIAL", "CREDENTIALS"].contains(&word);
    let is_random = value.len() >= RANDOM
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !value.contains("://");
    is_secret_name(name) || name.to_uppercase().split('_').any(is_meant) || is_random
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Redactor({})", self.0.len())
    }
}

/// What stands between `://` and the last `@` of an authority (RFC 3986, 3.2.1).
fn without_credentials(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        text += before;
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || "\"'<>`".contains(c)).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => {
                text += HIDDEN;
                &after[at..]
            }
            None => after,
        };
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_backend_only_secrets_are_hidden() {
        let variables =
            [("GITHUB_TOKEN", "hush-hush"), ("POSTGRES_USER", "postgres"), ("BASE_URL", "http://a.example")];
        let redactor = Redactor::of_service(&variables.map(|(name, value)| (name.to_owned(), value.into())));
        let line = redactor.line("hush-hush by postgres at http://a.example, postgresql://postgres:x@db");
        assert_eq!(line, "*** by postgres at http://a.example, postgresql://***@db");
    }

    #[test]
    fn values_and_credentials_are_hidden_and_nothing_else() {
        let secrets = [("TOKEN", "hush-hush"), ("SHORT", "1"), ("HTTP_PROXY", "http://me:pw@proxy:3128")];
        let redactor = Redactor::new(secrets.iter().map(|(name, value)| (*name, OsStr::new(value))));
        let cases = [
            ("Bearer hush-hush, 1", "Bearer ***, 1"),
            ("GET https://user:p@ss@host:1/a@b and http://x@y", "GET https://***@host:1/a@b and http://***@y"),
            ("proxy http://me:pw@proxy:3128 refused", "proxy http://***@proxy:3128 refused"),
            (
                "mail me@example.com, see https://example.com/@scope/a",
                "mail me@example.com, see https://example.com/@scope/a",
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(redactor.line(line), expected);
        }
        assert!(!format!("{redactor:?}").contains("hush"));
    }
}
