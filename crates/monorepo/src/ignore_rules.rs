//! What git ignores, written for a `.dockerignore`.

use crate::glob::Glob;
use crate::never::content_of;
use crate::tree::Tree;

/// One line of a `.gitignore` as a pattern of `.dockerignore`.
///
/// Git matches a pattern without an inner `/` at any depth (gitignore(5)); Docker anchors
/// every pattern at the root of the build context.
#[derive(Debug, Clone)]
struct Rule {
    /// Without the `!`.
    pattern: String,
    /// Takes back what an earlier one ignored.
    is_exception: bool,
    /// Matches at one depth only.
    is_anchored: bool,
    /// Matches folders only, which Docker has no word for.
    only_folders: bool,
    matcher: Option<Glob>,
}

/// The rules of `.gitignore` files, as folder and text, as `.dockerignore` patterns in order.
pub(crate) fn translate_gitignores(files: &[(String, String)], tree: &Tree) -> Vec<String> {
    let mut files: Vec<_> = files.iter().collect();
    // Rules of a folder win over those of the folders above it.
    files.sort_by_key(|(folder, _)| folder.split('/').filter(|part| !part.is_empty()).count());
    let mut rules: Vec<Rule> = Vec::new();
    for rule in files.iter().flat_map(|(folder, text)| text.lines().filter_map(|line| Rule::parse(folder, line))) {
        if !(rule.is_exception && rule.is_anchored && is_in_ignored_folder(&rules, &rule.pattern)) {
            rules.push(rule);
        }
    }
    let again = repeated_rules(&rules).into_iter().map(|rule| {
        let sign = if rule.is_exception { "!" } else { "" };
        format!("{sign}{}", content_of(&rule.pattern))
    });
    rules.iter().flat_map(|rule| rule.lines(tree)).chain(again).collect()
}

impl Rule {
    fn parse(folder: &str, line: &str) -> Option<Self> {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (is_exception, pattern) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line.strip_prefix('\\').unwrap_or(line)),
        };
        let is_anchored = pattern.trim_end_matches('/').contains('/');
        let only_folders = pattern.ends_with('/');
        let pattern = pattern.strip_suffix("/**").unwrap_or(pattern).trim_matches('/');
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let depth = if is_anchored { "" } else { "**/" };
        let text = format!("{prefix}{depth}{pattern}");
        let matcher = Glob::new(&text).ok();
        (!pattern.is_empty()).then_some(Self { pattern: text, is_exception, is_anchored, only_folders, matcher })
    }

    fn matches(&self, path: &str) -> bool {
        self.matcher.as_ref().is_some_and(|matcher| matcher.is_match(path))
    }

    /// Whether the last part of the pattern matches this name.
    fn matches_name(&self, name: &str) -> bool {
        Glob::new(last_part(&self.pattern)).is_ok_and(|glob| glob.is_match(name))
    }

    /// The last part of the pattern, unless it has wildcards.
    fn literal_name(&self) -> Option<&str> {
        let name = last_part(&self.pattern);
        (!name.contains(['*', '?', '[', '\\'])).then_some(name)
    }

    /// The pattern, and the files that it would take along although it speaks of folders.
    fn lines(&self, tree: &Tree) -> Vec<String> {
        if self.is_exception {
            return vec![format!("!{}", self.pattern)];
        }
        let name = self.literal_name();
        let may_match = |path: &str| self.only_folders && name.is_none_or(|name| last_part(path) == name);
        let files = tree.iter().map(|(path, _)| path).filter(|path| may_match(path) && self.matches(path));
        std::iter::once(self.pattern.clone()).chain(files.map(|path| format!("!{path}"))).collect()
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Git does not look into an ignored folder, so an exception cannot bring back what is in it. For Docker the
/// last pattern decides, whatever folder the path is in.
fn is_in_ignored_folder(rules: &[Rule], path: &str) -> bool {
    let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
    folders
        .into_iter()
        .any(|folder| rules.iter().rfind(|rule| rule.matches(folder)).is_some_and(|rule| !rule.is_exception))
}

/// Rules for the end of the list: an exception that holds at every depth must not bring back what is in an
/// ignored folder.
fn repeated_rules(rules: &[Rule]) -> Vec<&Rule> {
    let Some(last) = rules.iter().rposition(|rule| rule.is_exception && !rule.is_anchored) else { return Vec::new() };
    let is_meant = |rule: &Rule| {
        let exceptions = rules.iter().filter(|rule| rule.is_exception && !rule.is_anchored);
        rule.literal_name().is_some_and(|name| !exceptions.clone().any(|exception| exception.matches_name(name)))
    };
    let mut again = Vec::new();
    for (index, rule) in rules[..last].iter().enumerate().filter(|(_, rule)| !rule.is_exception && is_meant(rule)) {
        again.push(rule);
        let exceptions = rules[index..].iter().filter(|exception| exception.is_exception && exception.is_anchored);
        again.extend(exceptions.filter(|exception| rule.matches(&exception.pattern)));
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translate_gitignore(folder: &str, text: &str) -> Vec<String> {
        translate_gitignores(&[(folder.to_owned(), text.to_owned())], &Tree::default())
    }

    #[test]
    fn patterns_without_a_slash_match_at_any_depth() {
        assert_eq!(translate_gitignore("", "dist\n*.log\n"), ["**/dist", "**/*.log"]);
    }

    #[test]
    fn a_slash_anchors_a_pattern_at_its_folder() {
        assert_eq!(
            translate_gitignore("plugins/a", "/build\n.yarn/*\n!.yarn/releases\nout/\n"),
            ["plugins/a/build", "plugins/a/.yarn/*", "!plugins/a/.yarn/releases", "plugins/a/**/out"]
        );
    }

    #[test]
    fn comments_and_blank_lines_say_nothing() {
        assert!(translate_gitignore("", "# a\n\n   \n").is_empty());
    }

    #[test]
    fn an_exception_does_not_reach_into_an_ignored_folder() {
        assert_eq!(translate_gitignore("", "/dist\n!/dist/keep\n"), ["dist"]);
        assert_eq!(
            translate_gitignore("", "dist\n*.log\n!.keep\n"),
            ["**/dist", "**/*.log", "!**/.keep", "**/dist/**"]
        );
        assert_eq!(translate_gitignore("", "dist\n!a/dist\n!.keep\n").last().unwrap(), "!a/dist/**");
    }
}
