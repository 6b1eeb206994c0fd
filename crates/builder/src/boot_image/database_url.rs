//! The address of a PostgreSQL, as libpq writes it (PostgreSQL's manual, "Connection URIs").

use boot::Endpoint;

use diagnostics::WrongUsage;

/// The port that PostgreSQL has unless one is named.
const PORT: u16 = 5432;

/// A parsed URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl {
    /// Where it listens.
    pub(crate) endpoint: Endpoint,
    /// `USER:PASSWORD`, as it is written.
    pub(crate) account: String,
    /// `/NAME?PARAMETERS`, as it is written, without a host.
    pub(crate) rest: String,
}

impl DatabaseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, WrongUsage> {
        // The text may hold a password: no message shows it.
        let expected = "--database-url: expected postgresql://USER:PASSWORD@HOST:PORT/NAME";
        let wrong = |found: &str| WrongUsage::new(format!("{expected}, found {found}"));
        let rest = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://"));
        let rest = rest.ok_or_else(|| wrong("another scheme"))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (account, host) = authority.rsplit_once('@').ok_or_else(|| wrong("no user"))?;
        let (host, port) = match host.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong("a port that is no number"))?),
            None => (host, PORT),
        };
        let (name, query) = path.split_once('?').unwrap_or((path, ""));
        let (hosts, others): (Vec<_>, Vec<_>) =
            query.split('&').filter(|pair| !pair.is_empty()).partition(|pair| pair.starts_with("host="));
        let endpoint = match hosts.first().map(|pair| decoded(pair.trim_start_matches("host="))) {
            Some(folder) if folder.starts_with('/') => Endpoint::Socket(format!("{folder}/.s.PGSQL.{port}").into()),
            Some(host) => Endpoint::Host(host, port),
            None if host.is_empty() => return Err(wrong("no host")),
            None => Endpoint::Host(decoded(host.trim_start_matches('[').trim_end_matches(']')), port),
        };
        let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
        Ok(Self { endpoint, account: account.to_owned(), rest: format!("{name}{query}") })
    }

    /// User and password.
    pub(crate) fn user_and_password(&self) -> (String, String) {
        let (user, password) = self.account.split_once(':').unwrap_or((&self.account, ""));
        (decoded(user), decoded(password))
    }
}

/// `%40` is `@` (RFC 3986).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = (*first == b'%').then(|| others.get(..2)).flatten();
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { others.get(2..).unwrap_or_default() } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_an_account_a_place_and_a_name() {
        let url = DatabaseUrl::parse("postgres://me:p%40ss@db.example.com/portal?sslmode=require").unwrap();
        assert_eq!(url.endpoint, Endpoint::Host("db.example.com".to_owned(), 5432));
        assert_eq!(url.user_and_password(), ("me".to_owned(), "p@ss".to_owned()));
        assert_eq!(url.rest, "/portal?sslmode=require");
        let url = DatabaseUrl::parse("postgresql://me@[::1]:5433").unwrap();
        assert_eq!((url.endpoint, url.rest.as_str()), (Endpoint::Host("::1".to_owned(), 5433), ""));
    }

    #[test]
    fn a_socket_is_named_by_its_folder() {
        let url = DatabaseUrl::parse("postgresql://me:x@/portal?host=%2Fvar%2Frun%2Fpostgresql&sslmode=off").unwrap();
        assert_eq!(url.endpoint, Endpoint::Socket("/var/run/postgresql/.s.PGSQL.5432".into()));
        assert_eq!(url.rest, "/portal?sslmode=off");
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for wrong in
            ["mysql://me:hush@host/db", "postgresql://host/db", "postgresql://me:hush@host:x/", "postgres://me:hush@/"]
        {
            let error = DatabaseUrl::parse(wrong).unwrap_err().to_string();
            assert!(
                error.starts_with("--database-url: expected postgresql://USER") && !error.contains("hush"),
                "{error}"
            );
        }
    }
}
