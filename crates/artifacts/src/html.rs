//! The scripts and styles that a page names, as far as that needs no browser.

/// The targets of `<script src>` and of `<link href>` for scripts and styles, in order.
pub(crate) fn references(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if rest.starts_with("!--") {
            rest = after(rest, "-->");
            continue;
        }
        let Some(end) = tag_end(rest) else { break };
        let tag = &rest[..end];
        rest = &rest[end..];
        if is_tag(tag, "script") {
            found.extend(attribute(tag, "src"));
            rest = after(rest, "</script");
        } else if is_tag(tag, "link") && loads_code(attribute(tag, "rel").unwrap_or_default()) {
            found.extend(attribute(tag, "href"));
        }
    }
    found
}

/// The path below the app's folder that a reference means, when it is one of the app's own. A base path
/// that the template leaves to be filled in (`<%= publicPath %>`) is taken away.
pub(crate) fn own_path(reference: &str) -> Option<&str> {
    let path = match reference.trim().strip_prefix("<%") {
        Some(rest) => after(rest, "%>"),
        None => reference.trim(),
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_foreign = path.starts_with("//") || path.contains([':', '%', '&', '\\']) || path.contains("..");
    let path = path.trim_start_matches("./").trim_start_matches('/');
    (!is_foreign && !path.is_empty()).then_some(path)
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// Where a tag ends, not counting what is in quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(at, letter)| match (quote, letter) {
        (None, '>') => Some(at),
        (None, '"' | '\'') => {
            quote = Some(letter);
            None
        }
        (Some(open), _) if open == letter => {
            quote = None;
            None
        }
        _ => None,
    })
}

fn is_tag(tag: &str, name: &str) -> bool {
    tag.split([' ', '\t', '\n', '\r', '/']).next().is_some_and(|found| found.eq_ignore_ascii_case(name))
}

fn loads_code(rel: &str) -> bool {
    rel.split_ascii_whitespace()
        .any(|word| ["stylesheet", "modulepreload"].contains(&word.to_ascii_lowercase().as_str()))
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    while let Some((before, value)) = rest.split_once('=') {
        let key = before.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
        let value = value.trim_start();
        let (value, next) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_styles_are_found() {
        let page = r#"<!doctype html><html><head><!-- <script src="/no.js"></script> -->
            <link rel="icon" href="/favicon.ico"/><LINK href='/a.css' REL="preload stylesheet">
            <title><%= config.getOptionalString('app.title') ?? 'x' %></title>
            <script defer="defer" src="/static/a.js"></script><script src=b.js async></script>
            <script type="backstage.io/config">{"x": "<script src='no.js'>"}</script>
            <script data-x="a>b" src="<%= publicPath %>/c.js"></script><link rel=modulepreload href=d.js>"#;
        let expected = ["/a.css", "/static/a.js", "b.js", "<%= publicPath %>/c.js", "d.js"];
        assert_eq!(references(page), expected);
    }

    #[test]
    fn broken_pages_end() {
        for page in [
            "<",
            "<script",
            "<script src",
            "<script src=",
            "<script src=\"",
            "<!--",
            "<script>",
            "<link rel=x =>",
            "é<é",
        ] {
            assert!(references(page).iter().all(|found| found.is_empty()), "{page}");
        }
    }

    #[test]
    fn own_paths() {
        assert_eq!(own_path("/static/a.js?v=1#x"), Some("static/a.js"));
        assert_eq!(own_path("./a.js"), Some("a.js"));
        assert_eq!(own_path("<%= publicPath %>/static/a.js"), Some("static/a.js"));
        for other in ["https://cdn.example/a.js", "//cdn.example/a.js", "data:text/css,x", "", "/", "../a.js", "<%= x"]
        {
            assert_eq!(own_path(other), None, "{other}");
        }
    }
}
