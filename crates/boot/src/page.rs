//! What an app's page names, and what it is configured with, as far as that needs no browser.

use monorepo::is_local_url;
use serde_json::Value;

/// Begins the configuration in a page (`@backstage/plugin-app-backend`, `injectConfigIntoHtml`).
const CONFIGURATION: &str = r#"<script type="backstage.io/config">"#;

/// What a page names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    Script,
    Style,
}

/// Paths of the scripts and styles that a page takes from its own server, in order.
pub(crate) fn references(page: &str, host: &str) -> Vec<(ResourceKind, String)> {
    let own = format!("http://{host}");
    let mut found = Vec::new();
    for tag in page.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let named = match tag.split_ascii_whitespace().next() {
            Some("script") => attribute(tag, "src").map(|path| (ResourceKind::Script, path)),
            Some("link") if attribute(tag, "rel") == Some("stylesheet") => {
                attribute(tag, "href").map(|path| (ResourceKind::Style, path))
            }
            _ => None,
        };
        let Some((kind, path)) = named else { continue };
        let path = path.strip_prefix(&own).unwrap_or(path);
        if path.starts_with('/') && !path.starts_with("//") {
            found.push((kind, path.to_owned()));
        }
    }
    found
}

/// The value of an attribute in double quotes, as bundlers write it.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag.get(start..)?.split('"').next()
}

/// The documents of configuration in a page.
pub(crate) fn configuration(page: &str) -> Option<Vec<Value>> {
    let text = page.split(CONFIGURATION).nth(1)?.split("</script").next()?;
    serde_json::from_str(text).ok()
}

/// The base URLs in the page's configuration that only a browser on the server itself could reach.
pub fn local_base_urls(configuration: &[Value]) -> Vec<String> {
    let url = |part: &str| {
        let values = configuration.iter().filter_map(|document| document.pointer(&format!("/data/{part}/baseUrl")));
        let url = values.filter_map(Value::as_str).next_back()?;
        is_local_url(url).then(|| format!("{part}.baseUrl {}", url.escape_debug()))
    };
    ["app", "backend"].into_iter().filter_map(url).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_styles_of_the_same_server_are_found() {
        let page = r#"<script>var a = 'src="/x.js"'</script><script defer="defer" src="/static/a.js"></script>
            <link href="/favicon.ico" rel="icon"><link href="/static/a.css" rel="stylesheet">
            <script src="http://localhost:7007/static/b.js" defer></script><script src="https://cdn.example/c.js">"#;
        let expected = [
            (ResourceKind::Script, "/static/a.js"),
            (ResourceKind::Style, "/static/a.css"),
            (ResourceKind::Script, "/static/b.js"),
        ];
        assert_eq!(references(page, "localhost:7007"), expected.map(|(kind, path)| (kind, path.to_owned())));
    }

    #[test]
    fn the_last_document_says_where_the_portal_is() {
        let page = r#"<script type="backstage.io/config">
            [{"data": {"app": {"baseUrl": "http://localhost:3000"}, "backend": {"baseUrl": "http://127.0.0.1:7007"}}},
             {"data": {"app": {"baseUrl": "https://portal.example.com"}}}]</script>"#;
        let documents = configuration(page).unwrap();
        assert_eq!(local_base_urls(&documents), ["backend.baseUrl http://127.0.0.1:7007"]);
        assert_eq!(configuration("<script>[]</script>"), None);
    }
}
