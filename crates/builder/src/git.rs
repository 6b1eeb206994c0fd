//! What git says of the repository, for the labels of its image.

use std::path::Path;

use process::Invocation;

/// What git says of a repository that belongs to another user (git-config(1), `safe.directory`).
const OWNER: &str = "dubious ownership";

/// Lists files that differ from the commit, a line each.
pub(crate) const STATUS: [&str; 5] = ["status", "--porcelain", "--untracked-files=normal", "--", "."];
/// Says where the repository can be fetched.
pub(crate) const ORIGIN: [&str; 3] = ["config", "--get", "remote.origin.url"];

/// Git in a folder. Taking no locks, it writes nothing to the user's repository.
pub fn git(folder: &Path) -> Invocation {
    Invocation::new("git").env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C").arg("-C").arg(folder)
}

/// The commit that is checked out. Without git, or outside of a work tree, nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its hash; with `-dirty` when files differ from it.
    pub(crate) revision: Option<String>,
    /// When it was made, in seconds since 1970.
    pub(crate) seconds: Option<u64>,
    /// Where it can be fetched, without user name or password.
    pub(crate) source: Option<String>,
    /// Whether git says nothing of it, since its folder belongs to another user.
    pub(crate) is_refused: bool,
}

impl Commit {
    /// Asks git.
    pub(crate) fn of(root: &Path) -> Self {
        std::thread::scope(|scope| {
            let status = scope.spawn(|| git(root).args(STATUS).read());
            let head = git(root).args(["log", "-1", "--format=%H %ct"]).read();
            let source = git(root).args(ORIGIN).read();
            let status = status.join().ok().and_then(Result::ok);
            let is_refused = head.as_ref().is_err_and(|error| error.to_string().contains(OWNER));
            let (head, source) = (head.ok(), source.ok());
            let (revision, seconds) = head.as_deref().and_then(|line| line.split_once(' ')).unzip();
            let suffix = if status.is_some_and(|lines| !lines.is_empty()) { "-dirty" } else { "" };
            Self {
                revision: revision.map(|revision| format!("{revision}{suffix}")),
                seconds: seconds.and_then(|text| text.parse().ok()),
                source: source.filter(|url| is_remote(url)).map(|url| without_credentials(&url)),
                is_refused,
            }
        })
    }
}

/// Whether it is a URL or `host:path`: a folder of this machine says nothing to others, and is not theirs to know.
fn is_remote(url: &str) -> bool {
    match url.split_once(':') {
        Some(("file", _)) | None => false,
        Some((start, _)) => !start.is_empty() && !start.contains('/'),
    }
}

/// Tokens are commonly written into a remote's URL.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{}", &rest[end..])
}

/// Seconds since 1970 as in RFC 3339, in UTC.
pub(crate) fn rfc3339(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_795_363_199), "2026-11-22T15:59:59Z");
        assert_eq!(rfc3339(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn a_folder_is_no_remote() {
        assert!(
            ["https://example.com/a.git", "git@example.com:a/b.git", "ssh://example.com/a"]
                .iter()
                .all(|url| is_remote(url))
        );
        assert!(!["", "/srv/a.git", "../a", "./a:b", "file:///srv/a.git"].iter().any(|url| is_remote(url)));
    }

    #[test]
    fn a_token_in_a_remote_stays_out_of_labels() {
        assert_eq!(without_credentials("https://user:token@example.com/a@b.git"), "https://example.com/a@b.git");
        assert_eq!(without_credentials("https://example.com/a.git"), "https://example.com/a.git");
        assert_eq!(without_credentials("git@example.com:a/b.git"), "git@example.com:a/b.git");
    }
}
