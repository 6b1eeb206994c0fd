//! Mends Yarn's cache, which all repositories share.

use std::path::Path;

/// Yarn's code for an archive that is not what yarn.lock says (its documentation, "Error codes").
const WRONG_CHECKSUM: &str = "YN0018";

/// Removes the cached archives that an install refused, by what it printed; gives their names. Yarn compares
/// an archive with yarn.lock before it uses it, in the cache as from the registry: so a damaged one can be
/// fetched anew, and one that is wrong in the registry is refused again.
pub(crate) fn remove_refused(cache: &Path, log: &str) -> Vec<String> {
    let refused: Vec<String> = log.lines().filter_map(archive_of).collect();
    let mut removed = Vec::new();
    for entry in std::fs::read_dir(cache).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_refused = refused.iter().any(|start| name.starts_with(start.as_str()));
        if is_refused && std::fs::remove_file(entry.path()).is_ok() {
            removed.push(name);
        }
    }
    removed
}

/// How the name of the archive begins that a line refuses: Yarn writes `@scope/name@npm:1.0.0` there, and
/// `@scope-name-npm-1.0.0-` into the file's name.
fn archive_of(line: &str) -> Option<String> {
    let (_, text) = line.split_once(WRONG_CHECKSUM)?;
    let locator = text.split_whitespace().find(|word| word.contains("@npm:"))?;
    let (name, version) = locator.trim_end_matches(':').split_once("@npm:")?;
    let is_plain = |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || "@/._-+".contains(letter));
    let slug = format!("{}-npm-{version}-", name.replace('/', "-"));
    (!version.is_empty() && is_plain(name) && is_plain(version)).then_some(slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "➤ YN0000: ┌ Fetch step\n\
        ➤ YN0018: │ @types/node@npm:22.1.0: The remote archive doesn't match the expected checksum\n\
        ➤ YN0018: │ accepts@npm:1.3.8: The remote archive doesn't match the expected checksum\n\
        ➤ YN0013: │ ms@npm:2.1.3 can't be found in the cache\n";

    #[test]
    fn refused_archives_go_and_no_others() {
        let cache = tempfile::tempdir().unwrap();
        let names = [
            "@types-node-npm-22.1.0-4c9a1e7d3f-10c0.zip",
            "@types-node-npm-22.1.01-0f1e2d3c4b-10c0.zip",
            "accepts-npm-1.3.8-9a812371c9-10c0.zip",
            "ms-npm-2.1.3-81ff3cfac1-10c0.zip",
        ];
        names.iter().for_each(|name| std::fs::write(cache.path().join(name), "").unwrap());
        let mut removed = remove_refused(cache.path(), LOG);
        removed.sort();
        assert_eq!(removed, [names[0], names[2]]);
        assert!(cache.path().join(names[1]).exists() && cache.path().join(names[3]).exists());
        assert!(remove_refused(cache.path(), LOG).is_empty());
    }

    #[test]
    fn a_line_cannot_name_other_files() {
        assert_eq!(archive_of("YN0018: │ ../x@npm:*: wrong"), None);
        assert_eq!(archive_of("YN0018: │ @npm:"), None);
        assert_eq!(archive_of("YN0018"), None);
    }
}
