//! Whether a backend answers, and the app it serves with it.

use std::time::{Duration, Instant};

use monorepo::READINESS;
use process::{EngineError, Interrupt};
use serde_json::Value;

use crate::http::{Answer, Request, Server, TIMEOUT};
use crate::page::{self, ResourceKind};
use crate::program::Program;

/// How often a backend is asked whether it is ready.
const QUESTIONS: Duration = Duration::from_millis(100);
/// What a backend says that runs on without its plugins (`@backstage/backend-app-api`).
pub(crate) const STARTUP_FAILED: &str = "Backend startup failed due to the following errors";
/// How long a backend may take; on an idle machine it is ready in a few seconds.
pub const READY_LIMIT: Duration = Duration::from_secs(180);
/// What the app's backend leaves in a script where a page has no configuration (`injectConfigIntoStatic`).
const OLD_MARKER: &str = "__APP_INJECTED_CONFIG_MARKER__";
/// Gives a token to anybody, where the configuration allows it.
const GUEST: &str = "/api/auth/guest/refresh";
const CATALOG: &str = "/api/catalog/entities?limit=1";

/// Waits until the backend says that it is ready, and gives the time that took.
///
/// # Errors
/// The program ended, gave up, was not ready in time, or the wait was interrupted.
pub fn wait_until_ready(
    program: &Program,
    server: &Server,
    limit: Duration,
    interrupt: &Interrupt,
) -> Result<Duration, EngineError> {
    let mut last = Instant::now();
    let mut has_failed = false;
    let waited = program.wait_until(limit, interrupt, || {
        has_failed = program.has_said(STARTUP_FAILED);
        // Each question costs the backend a line of its log.
        if has_failed || last.elapsed() < QUESTIONS {
            return has_failed;
        }
        last = Instant::now();
        server.get(READINESS).is_ok_and(|answer| answer.status == 200)
    })?;
    if has_failed { Err(program.failure(None)) } else { Ok(waited) }
}

/// What answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The scripts that the page names, all of which answered.
    pub scripts: Vec<String>,
    /// Its styles, likewise.
    pub styles: Vec<String>,
    /// What the frontend is configured with: one document for each file.
    pub configuration: Vec<Value>,
}

/// Asks for the app's page and for every script and style it names, and looks for its configuration.
///
/// # Errors
/// One of them does not answer as it should; the error says which, what was found and what was expected.
pub fn page_answers(server: &Server) -> Result<Answers, String> {
    let ask = |path: &str| server.get(path).map_err(|error| format!("{path}: {error}, expected an answer"));
    let page = ask("/")?;
    expect("/", &page, "html")?;
    let host = match server {
        Server::Port(port) => format!("localhost:{port}"),
        Server::Socket(_) => "localhost".to_owned(),
    };
    let mut found = Answers { scripts: Vec::new(), styles: Vec::new(), configuration: Vec::new() };
    let mut is_old = false;
    for (kind, path) in page::references(&page.body, &host) {
        let answer = ask(&path)?;
        match kind {
            ResourceKind::Script => {
                expect(&path, &answer, "javascript")?;
                is_old |= answer.body.contains(OLD_MARKER);
                found.scripts.push(path);
            }
            ResourceKind::Style => {
                expect(&path, &answer, "css")?;
                found.styles.push(path);
            }
        }
    }
    if found.scripts.is_empty() {
        return Err("/: found a page without scripts, expected that of an app".to_owned());
    }
    match page::configuration(&page.body) {
        Some(configuration) => found.configuration = configuration,
        None if is_old => {}
        None => {
            return Err(
                "/: found no configuration in the page, expected a script of the type backstage.io/config".to_owned()
            );
        }
    }
    Ok(found)
}

/// Whether the catalog answered somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Catalog {
    /// It did.
    Answers,
    /// Nobody may sign in as a guest, or there is no catalog.
    NotAsked {
        /// What was answered instead of a token or of entities.
        reason: String,
    },
}

/// Signs in as a guest where the configuration allows it, and asks the catalog for an entity.
///
/// # Errors
/// With a token, the catalog does not answer with entities; the error says what was found.
pub fn catalog_answers(server: &Server) -> Result<Catalog, String> {
    let ask = |path: &'static str, authorization: &str| {
        let request = Request { path, authorization, timeout: TIMEOUT };
        server.ask(&request).map_err(|error| format!("{path}: {error}, expected an answer"))
    };
    let guest = ask(GUEST, "")?;
    let Some(token) = token(&guest) else {
        return Ok(Catalog::NotAsked { reason: format!("nobody may sign in as a guest ({})", said(&guest)) });
    };
    let catalog = ask(CATALOG, &format!("Bearer {token}"))?;
    let entities = serde_json::from_str::<Value>(&catalog.body).ok();
    if catalog.status == 200 && entities.is_some_and(|entities| entities.is_array() || entities.is_object()) {
        return Ok(Catalog::Answers);
    }
    let is_missing = catalog.status == 404;
    match is_missing {
        true => Ok(Catalog::NotAsked { reason: "there is no catalog (found 404)".to_owned() }),
        false => Err(format!("{CATALOG}: found {}, expected 200 with entities in JSON", said(&catalog))),
    }
}

fn token(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_str(&answer.body).ok().filter(|_| answer.status == 200)?;
    Some(body.get("backstageIdentity")?.get("token")?.as_str()?.to_owned())
}

/// For people: the status, and the name of the error when the body has one.
fn said(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let name = body.get("error").and_then(|error| error.get("name")).and_then(Value::as_str);
    match name {
        Some(name) => format!("{} {}", answer.status, name.escape_debug()),
        None => format!("{} with {:?}", answer.status, answer.content_type),
    }
}

/// The app answers any path with its page: so the type has to be right, too.
fn expect(path: &str, answer: &Answer, kind: &str) -> Result<(), String> {
    if answer.status == 200 && answer.content_type.contains(kind) && !answer.body.trim().is_empty() {
        return Ok(());
    }
    let (status, length) = (answer.status, answer.body.len());
    let path = path.escape_debug();
    Err(format!("{path}: found {status} with {length} bytes of {:?}, expected 200 with {kind}", answer.content_type))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> Answer {
        Answer { status, content_type: content_type.to_owned(), body: body.to_owned() }
    }

    /// A server with these pages; any other path gets the first, as an app answers.
    fn server(pages: &'static [(&str, &str, &str)]) -> Server {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut bytes = [0; 1024];
                let read = stream.read(&mut bytes).unwrap();
                let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default();
                let (_, kind, body) = pages.iter().find(|(known, ..)| *known == path).unwrap_or(&pages[0]);
                let (status, kind) =
                    kind.split_once(' ').filter(|(status, _)| status.len() == 3).unwrap_or(("200", kind));
                let _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n\r\n{body}");
            }
        });
        Server::Port(port)
    }

    const PAGE: &str = r#"<head><script src="/static/a.js"></script><link href="/static/a.css" rel="stylesheet">
        <script type="backstage.io/config">[{"data": {"app": {"baseUrl": "https://portal.example.com"}}}]</script>"#;
    const SCRIPT: (&str, &str, &str) = ("/static/a.js", "application/javascript; charset=UTF-8", "x");
    const STYLE: (&str, &str, &str) = ("/static/a.css", "text/css", "x");

    #[test]
    fn a_page_answers_with_all_it_names() {
        let answers = page_answers(&server(&[("/", "text/html", PAGE), SCRIPT, STYLE])).unwrap();
        assert_eq!((answers.scripts.len(), answers.styles.len(), answers.configuration.len()), (1, 1, 1));
    }

    #[test]
    fn a_page_in_place_of_a_script_is_noticed() {
        let error = page_answers(&server(&[("/", "text/html", PAGE), STYLE])).unwrap_err();
        assert!(error.starts_with("/static/a.js: found 200 with "), "{error}");
        assert!(error.ends_with("of \"text/html\", expected 200 with javascript"), "{error}");
    }

    #[test]
    fn a_page_without_configuration_is_noticed_but_in_an_old_app() {
        let page = r#"<script src="/static/a.js"></script>"#;
        let marked = ("/static/a.js", "text/javascript", "/*__APP_INJECTED_CONFIG_MARKER__*/\"[]\"");
        let pages: &'static [_] = Box::leak(Box::new([("/", "text/html", page), SCRIPT]));
        assert!(page_answers(&server(pages)).unwrap_err().contains("found no configuration"));
        let pages: &'static [_] = Box::leak(Box::new([("/", "text/html", page), marked]));
        assert!(page_answers(&server(pages)).unwrap().configuration.is_empty());
    }

    #[test]
    fn the_catalog_is_asked_with_a_guests_token() {
        let refused = ("/api/auth/guest/refresh", "403 application/json", r#"{"error": {"name": "NotAllowedError"}}"#);
        let pages: &'static [_] = Box::leak(Box::new([refused]));
        let reason = "nobody may sign in as a guest (403 NotAllowedError)".to_owned();
        assert_eq!(catalog_answers(&server(pages)), Ok(Catalog::NotAsked { reason }));
        let guest = ("/api/auth/guest/refresh", "application/json", r#"{"backstageIdentity": {"token": "x"}}"#);
        let pages: &'static [_] = Box::leak(Box::new([guest, ("/api/catalog/entities?limit=1", "text/json", "[]")]));
        assert_eq!(catalog_answers(&server(pages)), Ok(Catalog::Answers));
        let broken = ("/api/catalog/entities?limit=1", "500 application/json", r#"{"error": {"name": "Error"}}"#);
        let pages: &'static [_] = Box::leak(Box::new([guest, broken]));
        let error = "/api/catalog/entities?limit=1: found 500 Error, expected 200 with entities in JSON";
        assert_eq!(catalog_answers(&server(pages)), Err(error.to_owned()));
    }

    #[test]
    fn an_empty_answer_is_none() {
        assert!(expect("/a.js", &answer(200, "text/javascript", " \n"), "javascript").is_err());
        assert!(expect("/a.js", &answer(404, "text/javascript", "x"), "javascript").is_err());
    }
}
