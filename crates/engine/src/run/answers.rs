//! Whether a backend answers, and the app it serves with it.

use std::time::Duration;

use super::http::{Answer, get};
use super::program::Program;
use crate::failure::EngineError;
use crate::process::Interrupt;

/// Answers 200 when every plugin has started. Other paths get the app's page even when nothing works.
const READINESS: &str = "/.backstage/health/v1/readiness";
/// How long a backend may take; on an idle machine it is ready in a few seconds.
const LIMIT: Duration = Duration::from_secs(180);

/// Waits until the backend on `port` says that it is ready, and gives the time that took.
///
/// # Errors
/// The program ended, was not ready in time, or the wait was interrupted.
pub fn wait_until_ready(program: &Program, port: u16, interrupt: &Interrupt) -> Result<Duration, EngineError> {
    program.wait_until(LIMIT, interrupt, || get(port, READINESS).is_ok_and(|answer| answer.status == 200))
}

/// What answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The scripts that the page names, all of which answered.
    pub scripts: Vec<String>,
}

/// Asks for the app's page and for every script it names.
///
/// # Errors
/// One of them does not answer as it should; the error says which, what was found and what was expected.
pub fn page_answers(port: u16) -> Result<Answers, String> {
    let ask = |path: &str| get(port, path).map_err(|error| format!("{path}: {error}, expected an answer"));
    let page = ask("/")?;
    expect("/", &page, "html")?;
    let scripts = scripts(&page.body, port);
    if scripts.is_empty() {
        return Err("/: found a page without scripts, expected that of an app".to_owned());
    }
    for script in &scripts {
        expect(script, &ask(script)?, "javascript")?;
    }
    Ok(Answers { scripts })
}

/// The app answers any path with its page: so the type has to be right, too.
fn expect(path: &str, answer: &Answer, kind: &str) -> Result<(), String> {
    if answer.status == 200 && answer.content_type.contains(kind) && !answer.body.trim().is_empty() {
        return Ok(());
    }
    let (status, length) = (answer.status, answer.body.len());
    Err(format!("{path}: found {status} with {length} bytes of {:?}, expected 200 with {kind}", answer.content_type))
}

/// Paths of the scripts that a page takes from its own server.
fn scripts(page: &str, port: u16) -> Vec<String> {
    let own = format!("http://localhost:{port}");
    let tags = page.split("<script").skip(1).filter_map(|rest| rest.split('>').next());
    let sources = tags.filter_map(|tag| tag.split("src=\"").nth(1)?.split('"').next());
    let paths = sources.map(|source| source.strip_prefix(&own).unwrap_or(source));
    paths.filter(|path| path.starts_with('/') && !path.starts_with("//")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_the_same_server_are_found() {
        let page = r#"<script>var a = 'src="/x.js"'</script><script defer="defer" src="/static/a.js"></script>
            <script src="http://localhost:7007/static/b.js" defer></script><script src="https://cdn.example/c.js">"#;
        assert_eq!(scripts(page, 7007), ["/static/a.js", "/static/b.js"]);
    }

    #[test]
    fn a_page_in_place_of_a_script_is_noticed() {
        let answer =
            |content_type: &str| Answer { status: 200, content_type: content_type.to_owned(), body: "x".to_owned() };
        assert!(expect("/a.js", &answer("application/javascript; charset=UTF-8"), "javascript").is_ok());
        assert_eq!(
            expect("/a.js", &answer("text/html"), "javascript").unwrap_err(),
            "/a.js: found 200 with 1 bytes of \"text/html\", expected 200 with javascript"
        );
    }
}
