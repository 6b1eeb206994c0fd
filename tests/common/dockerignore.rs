//! How Docker reads an ignore file (`moby/patternmatcher`): the last line that matches a path, or a
//! folder above it, decides, with an oddity.

/// The patterns of an ignore file.
pub(crate) struct IgnoreFile(Vec<(bool, Vec<String>)>);

impl IgnoreFile {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let pattern = |line: &str| {
            let (ignores, pattern) = match line.strip_prefix('!') {
                Some(rest) => (false, rest),
                None => (true, line),
            };
            (ignores, pattern.trim_matches('/').split('/').map(str::to_owned).collect())
        };
        Self(lines.map(pattern).collect())
    }

    pub(crate) fn ignores(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let nothing = vec![false; self.0.len()];
        let (ignored, _) = (1..=parts.len()).fold((false, nothing), |(_, above), end| self.step(&parts[..end], &above));
        ignored
    }

    /// Whether a file or folder is ignored, and which patterns match it; `above` is the latter of its folder.
    /// (`MatchesUsingParentResults`: a pattern that could change nothing is not tried, nor remembered.)
    fn step(&self, path: &[&str], above: &[bool]) -> (bool, Vec<bool>) {
        let mut ignored = false;
        let mut matched = Vec::new();
        for ((ignores, pattern), above) in self.0.iter().zip(above) {
            let matches = *above || (*ignores != ignored && path_matches(pattern, path));
            matched.push(matches);
            ignored = if matches { *ignores } else { ignored };
        }
        (ignored, matched)
    }
}

fn path_matches(pattern: &[String], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        ([only], _) if only == "**" => !path.is_empty(),
        ([first, rest @ ..], _) if first == "**" => {
            (0..=path.len()).any(|skipped| path_matches(rest, &path[skipped..]))
        }
        ([first, rest @ ..], [name, below @ ..]) => {
            name_matches(&first.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
                && path_matches(rest, below)
        }
        _ => false,
    }
}

fn name_matches(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=name.len()).any(|skipped| name_matches(rest, &name[skipped..])),
        (['?', rest @ ..], [_, more @ ..]) => name_matches(rest, more),
        (['\\', literal, rest @ ..], [c, more @ ..]) => literal == c && name_matches(rest, more),
        (['[', ..], _) => panic!("no test has needed a class of characters yet"),
        ([literal, rest @ ..], [c, more @ ..]) => literal == c && name_matches(rest, more),
        _ => false,
    }
}
