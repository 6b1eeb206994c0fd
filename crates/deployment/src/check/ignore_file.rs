//! A `.dockerignore`: the last pattern that matches a path or a folder above it decides.

use monorepo::Glob;

use super::glob;

/// The patterns of one file.
#[derive(Debug, Default)]
pub(crate) struct IgnoreFile(Vec<(bool, Glob)>);

impl IgnoreFile {
    /// Reads a file; what is no pattern ignores nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.filter_map(pattern).collect())
    }

    /// Whether a path stays out of the build context.
    pub(crate) fn ignores(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        let paths: Vec<&str> = folders.chain([path]).collect();
        let last = self.0.iter().rfind(|(_, glob)| paths.iter().any(|path| glob.is_match(path)));
        last.is_some_and(|(is_ignored, _)| *is_ignored)
    }
}

fn pattern(line: &str) -> Option<(bool, Glob)> {
    let (is_ignored, pattern) = line.strip_prefix('!').map_or((true, line), |rest| (false, rest.trim_start()));
    let pattern = pattern.trim_start_matches("./").trim_matches('/');
    Some((is_ignored, glob(pattern)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_decides() {
        let file = IgnoreFile::parse("# all\n*.yaml\n!app-config.yaml\npackages/*/src\n**/dist/\n/plugins\n");
        for (path, expected) in [
            ("a.yaml", true),
            ("app-config.yaml", false),
            ("x/a.yaml", false),
            ("packages/a/src/b/c.ts", true),
            ("packages/a/package.json", false),
            ("packages/a/dist/x", true),
            ("plugins/a/b", true),
        ] {
            assert_eq!(file.ignores(path), expected, "{path}");
        }
    }
}
