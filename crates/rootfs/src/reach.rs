//! Whether the servers that a build fetches from answer, and what time they think it is.

use std::path::Path;

use process::{EngineError, Interrupt, Invocation};

use crate::environment::{certificates, with_proxies};
use crate::fetch::{curl, setting};
use crate::lock::RELEASE;
use crate::mirror::Mirrors;
use crate::npmrc::Registry;

/// A server that a build fetches from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// What it has.
    pub what: &'static str,
    /// A small file of it.
    pub address: String,
    headers: Vec<String>,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status of HTTP.
    pub status: u16,
    /// Its time, in the form of RFC 9110, section 5.6.7.
    pub date: Option<String>,
}

/// The npm registry of this user, or that of a repository, and the mirrors of Debian.
pub fn servers(registry: Option<&str>, mirrors: &[String]) -> Vec<Server> {
    let own = Registry::find();
    let address = registry.map_or_else(|| own.ping(), |address| format!("{}/-/ping", address.trim_end_matches('/')));
    // What lets this user into one registry is not for another.
    let headers = if address == own.ping() { own.headers() } else { Vec::new() };
    let debian = Mirrors::find(mirrors).address(&format!("dists/{RELEASE}/InRelease"));
    vec![
        Server { what: "npm registry", address, headers },
        Server { what: "Debian mirror", address: debian, headers: Vec::new() },
    ]
}

impl Server {
    /// Asks it, through the proxies of the environment, for at most 20 s. `shared` is where certificates are put
    /// together, `ca_file` those of a proxy.
    ///
    /// # Errors
    /// curl is missing; or why nothing was answered, as curl says it.
    pub fn ask(&self, shared: &Path, ca_file: Option<&Path>, interrupt: &Interrupt) -> Result<Answer, EngineError> {
        let certificates = certificates(shared, ca_file)?;
        let mut config = "silent\nshow-error\nlocation\nmax-time = 20\nconnect-timeout = 10\n\
            dump-header = \"-\"\noutput = \"/dev/null\"\n"
            .to_owned();
        let values = self.headers.iter().map(|header| ("header", header.clone()));
        let cacert = certificates.iter().map(|file| ("cacert", file.display().to_string()));
        for (name, value) in values.chain(cacert).chain([("url", self.address.clone())]) {
            config += &setting(name, &value);
        }
        // Not as arguments, which are for everybody to see.
        let command = with_proxies(Invocation::new(curl()?).args(["--config", "-"])).input(config.into_bytes());
        let mut lines = Vec::new();
        command.stream(None, interrupt, |line| lines.push(line.to_owned()))?;
        Ok(answer(&lines))
    }
}

/// The last of the answers: a proxy and a redirection have theirs before it.
fn answer(lines: &[String]) -> Answer {
    let mut answer = Answer { status: 0, date: None };
    for line in lines {
        if line.starts_with("HTTP/") {
            let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
            answer = Answer { status: status.unwrap_or_default(), date: None };
        } else if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("date")
        {
            answer.date = Some(value.trim().to_owned());
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_counts() {
        let lines = [
            "HTTP/1.1 200 Connection established",
            "",
            "HTTP/2 302 ",
            "date: Mon, 23 Nov 2026 01:00:00 GMT",
            "",
            "HTTP/2 404 ",
            "Date: Mon, 23 Nov 2026 02:00:00 GMT\r",
        ];
        let found = answer(&lines.map(str::to_owned));
        assert_eq!(found, Answer { status: 404, date: Some("Mon, 23 Nov 2026 02:00:00 GMT".to_owned()) });
        assert_eq!(answer(&[]), Answer { status: 0, date: None });
    }

    #[test]
    fn a_registry_of_the_repository_is_asked_without_this_users_token() {
        let asked = servers(Some("https://npm.example.com/"), &["http://deb.example.com/debian".to_owned()]);
        assert_eq!(asked[0].address, "https://npm.example.com/-/ping");
        assert_eq!(asked[0].headers, Vec::<String>::new());
        assert_eq!(asked[1].address, format!("http://deb.example.com/debian/dists/{RELEASE}/InRelease"));
    }
}
