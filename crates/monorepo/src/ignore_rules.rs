//! What stays out of the build context, and how that is written for a `.dockerignore`.

use std::ffi::OsStr;
use std::path::Path;

/// Names that never belong in an image or its build, wherever they are and whatever git says.
///
/// Written in the pattern language of `.dockerignore`.
pub const NEVER: &[&str] = &[
    "**/.git",
    "**/node_modules",
    "**/*.local.yaml",
    "**/*.local.yml",
    "**/.env",
    "**/.env.*",
    "**/.DS_Store",
    "**/skeleton.tar.gz",
    "**/bundle.tar.gz",
    "**/Dockerfile.flightcontrol",
    "**/Dockerfile.flightcontrol.dockerignore",
    ".yarn/install-state.gz",
    ".yarn/build-state.yml",
    ".yarn/unplugged",
];

/// Whether a file or folder is one of [`NEVER`].
pub(crate) fn never_in_context(name: &OsStr, path: &Path) -> bool {
    let name = name.to_string_lossy();
    match &*name {
        ".git"
        | "node_modules"
        | ".env"
        | ".DS_Store"
        | "skeleton.tar.gz"
        | "bundle.tar.gz"
        | "Dockerfile.flightcontrol"
        | "Dockerfile.flightcontrol.dockerignore" => true,
        "install-state.gz" | "build-state.yml" | "unplugged" => {
            path.parent().and_then(Path::file_name) == Some(OsStr::new(".yarn"))
        }
        name => name.starts_with(".env.") || name.ends_with(".local.yaml") || name.ends_with(".local.yml"),
    }
}

/// The lines of a `.gitignore` in `folder` as `.dockerignore` patterns, in order.
///
/// Git matches a pattern without an inner `/` at any depth (gitignore(5)); Docker anchors
/// every pattern at the root of the build context.
pub(crate) fn translate_gitignore(folder: &str, content: &str) -> Vec<String> {
    content.lines().filter_map(|line| translate_line(folder, line)).collect()
}

fn translate_line(folder: &str, line: &str) -> Option<String> {
    let line = line.trim_end();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (negation, pattern) = match line.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", line.strip_prefix('\\').unwrap_or(line)),
    };
    let pattern = pattern.strip_suffix("/**").unwrap_or(pattern);
    let pattern = pattern.trim_end_matches('/');
    let anchored = pattern.contains('/');
    let pattern = pattern.trim_start_matches('/');
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let depth = if anchored { "" } else { "**/" };
    (!pattern.is_empty()).then(|| format!("{negation}{prefix}{depth}{pattern}"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
