//! What git ignores, asked for paths that need not exist.

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The `.gitignore` files of a repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gitignores(Vec<(String, Gitignore)>);

impl Gitignores {
    /// From folder and text of each; a line that is no pattern says nothing, as for git.
    pub(crate) fn new(files: &[(String, String)]) -> Self {
        let compile = |text: &str| {
            let mut builder = GitignoreBuilder::new("");
            for line in text.lines() {
                let _ = builder.add_line(None, line);
            }
            builder.build().ok()
        };
        Self(files.iter().filter_map(|(folder, text)| Some((folder.clone(), compile(text)?))).collect())
    }

    /// Whether one of them ignores the file at this path, whatever another one says.
    pub(crate) fn may_ignore(&self, path: &str) -> bool {
        let below = |folder: &str| match folder {
            "" => Some(path),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        };
        self.0.iter().any(|(folder, rules)| {
            let matched = below(folder).map(|path| rules.matched_path_or_any_parents(path, false));
            matches!(matched, Some(Match::Ignore(_)))
        })
    }
}

#[cfg(test)]
mod tests {
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
}
