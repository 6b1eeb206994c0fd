//! What git ignores (gitignore(5)), of which a build context and a tree are made.

use crate::glob::{Glob, UnclosedClass};

/// One `.gitignore`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gitignore(Vec<Rule>);

/// A line of it.
#[derive(Debug, Clone)]
struct Rule {
    glob: Glob,
    /// Takes back what an earlier one ignored.
    is_exception: bool,
    only_folders: bool,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    Folder,
    File,
}

impl Gitignore {
    /// Reads a file; a line that is no pattern says nothing, as for git.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let lines = text.split(|byte| *byte == b'\n').map_while(|line| std::str::from_utf8(line).ok());
        Self(lines.filter_map(|line| Rule::parse(line.strip_suffix('\r').unwrap_or(line))).collect())
    }

    /// Whether it ignores a path relative to its folder, or takes it back: the last rule that matches decides.
    pub(crate) fn ignores(&self, path: &[u8], kind: PathKind) -> Option<bool> {
        let matches = |rule: &&Rule| (kind == PathKind::Folder || !rule.only_folders) && rule.glob.is_match(path);
        self.0.iter().rfind(matches).map(|rule| !rule.is_exception)
    }

    /// The same, or else of the nearest folder above it of which it says something.
    fn ignores_with_folders(&self, path: &str) -> Option<bool> {
        let folders = path.rmatch_indices('/').map(|(end, _)| &path.as_bytes()[..end]);
        let own = self.ignores(path.as_bytes(), PathKind::File);
        own.or_else(|| folders.into_iter().find_map(|folder| self.ignores(folder, PathKind::Folder)))
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        // A space at the end counts only behind a backslash.
        let line = if line.ends_with("\\ ") { line } else { line.trim_end() };
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (is_exception, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let is_escaped = pattern.starts_with("\\!") || pattern.starts_with("\\#");
        let pattern = if is_escaped && !is_exception { &pattern[1..] } else { pattern };
        let (is_anchored, pattern) = pattern.strip_prefix('/').map_or((false, pattern), |rest| (true, rest));
        let folder = pattern.strip_suffix('/');
        let pattern = folder.map_or(pattern, |folder| folder.strip_suffix('\\').unwrap_or(folder));
        let glob = Glob::parse(&anywhere(pattern, is_anchored), UnclosedClass::Literal).ok()?;
        Some(Self { glob, is_exception, only_folders: folder.is_some() })
    }
}

/// A pattern without a slash counts at any depth; one of a folder's content not for the folder itself.
fn anywhere(pattern: &str, is_anchored: bool) -> String {
    let prefix = if is_anchored || pattern.contains('/') || pattern == "**" { "" } else { "**/" };
    let suffix = if format!("{prefix}{pattern}").ends_with("/**") { "/*" } else { "" };
    format!("{prefix}{pattern}{suffix}")
}

/// The `.gitignore` files of a repository, asked for paths that need not exist.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gitignores(Vec<(String, Gitignore)>);

impl Gitignores {
    /// From folder and text of each.
    pub(crate) fn new(files: &[(String, String)]) -> Self {
        Self(files.iter().map(|(folder, text)| (folder.clone(), Gitignore::parse(text.as_bytes()))).collect())
    }

    /// Whether one of them ignores the file at this path, whatever another one says.
    pub(crate) fn may_ignore(&self, path: &str) -> bool {
        let below = |folder: &str| match folder {
            "" => Some(path),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        };
        let ignores = |rules: &Gitignore, path: &str| rules.ignores_with_folders(path) == Some(true);
        self.0.iter().any(|(folder, rules)| below(folder).is_some_and(|path| ignores(rules, path)))
    }
}

#[cfg(test)]
mod tests {
    use ignore::Match;
    use ignore::gitignore::GitignoreBuilder;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rules_hold_in_their_folder_and_below() {
        let files = [("", "dist\n*.gen.ts\n"), ("plugins/x", "/src/generated/\n!keep.gen.ts\n")];
        let rules = Gitignores::new(&files.map(|(folder, text)| (folder.to_owned(), text.to_owned())));
        for path in ["a/dist/b.ts", "b.gen.ts", "plugins/x/src/generated/api/a.ts", "plugins/x/keep.gen.ts"] {
            assert!(rules.may_ignore(path), "{path}");
        }
        for path in ["a/b.ts", "plugins/src/generated/a.ts", "plugins/x/src/a.ts", "plugins/xy/src/generated/a.ts"] {
            assert!(!rules.may_ignore(path), "{path}");
        }
    }

    const PIECES: &[&str] = &[
        "a", "b", "é", "/", "/", "*", "**", "**/", "/**", "!", "#", "\\", "\\!", "\\#", " ", "\\ ", "\r", "?", "[ab]",
        "[!a]", "[", "{a,b}", "}", ".a",
    ];

    /// What the crate `ignore` makes of the same lines.
    fn reference(text: &str) -> ignore::gitignore::Gitignore {
        let mut builder = GitignoreBuilder::new("");
        for line in text.lines() {
            let _ = builder.add_line(None, line);
        }
        builder.build().unwrap()
    }

    fn verdict<T>(found: &Match<T>) -> Option<bool> {
        match found {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rules_are_those_of_the_crate_ignore(
            lines in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 0..6), 0..4),
            parts in prop::collection::vec(prop::sample::select(&["a", "b", "é", ".a", "ab", "!a", "#", "a "][..]), 1..5),
        ) {
            let text: String = lines.iter().map(|line| line.concat() + "\n").collect();
            let path = parts.join("/");
            let (ours, theirs) = (Gitignore::parse(text.as_bytes()), reference(&text));
            for (kind, is_folder) in [(PathKind::Folder, true), (PathKind::File, false)] {
                let expected = verdict(&theirs.matched(&path, is_folder));
                prop_assert_eq!(ours.ignores(path.as_bytes(), kind), expected, "{:?} {:?} {:?}", &text, &path, kind);
            }
            // That crate also asks for the root itself, which git never ignores.
            let folders = path.rmatch_indices('/').map(|(end, _)| &path[..end]);
            let expected = verdict(&theirs.matched(&path, false))
                .or_else(|| folders.into_iter().find_map(|folder| verdict(&theirs.matched(folder, true))));
            prop_assert_eq!(ours.ignores_with_folders(&path), expected, "{:?} {:?}", &text, &path);
        }
    }
}
