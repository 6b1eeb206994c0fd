//! Base images by digest: what `base-image.lock.json` says of them, and how old that is.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use deployment::Pin;
use image::Digest;
use monorepo::Monorepo;
use process::Invocation;
use rootfs::{PinnedImage, RootLock};

use crate::console::Console;
use crate::push::is_loopback;

/// Days after which a pin is old: Debian's stable release has a point release about every two months.
pub const MAX_AGE: u64 = 60;
const DAY: u64 = 86_400;

/// The base image that `base`, or else the default, means: by its digest, where the repository's lock has one.
///
/// # Errors
/// The lock is none.
pub fn pinned(repo: &Monorepo, base: Option<&str>) -> Result<Option<String>> {
    let name = base.map_or_else(|| recipe::default_base_image(&repo.node), str::to_owned);
    let lock = RootLock::read(&repo.root.join(RootLock::FILE))?;
    let digest = lock.and_then(|lock| lock.images.get(&name).map(|image| image.digest.clone()));
    Ok(match digest {
        Some(digest) => Some(format!("{name}@{digest}")),
        None => base.map(str::to_owned),
    })
}

/// What a registry has under a name today. By skopeo, else by buildx: both use the logins there are.
///
/// # Errors
/// No program that asks registries got an answer; the text says why.
pub fn resolve(name: &str) -> Result<PinnedImage, String> {
    let mut skopeo = Invocation::new("skopeo").args(["--command-timeout", "60s", "inspect", "--no-tags"]);
    if is_loopback(name) {
        skopeo = skopeo.arg("--tls-verify=false");
    }
    let skopeo = skopeo.args(["--format", "{{.Digest}}"]).arg(format!("docker://{name}"));
    let buildx = Invocation::new("docker").args(["buildx", "imagetools", "inspect", "--format"]);
    let buildx = buildx.arg("{{.Manifest.Digest}}").arg(name);
    let mut reasons = Vec::new();
    for line in [skopeo, buildx] {
        match line.read() {
            Ok(digest) if Digest::try_from(digest.clone()).is_ok() => {
                return Ok(PinnedImage { digest, locked: today() });
            }
            Ok(other) => reasons.push(format!("found no digest but {other:?}")),
            Err(error) => reasons.push(error.to_string().lines().next().unwrap_or_default().to_owned()),
        }
    }
    Err(reasons.join("; "))
}

/// Warns of what was locked long ago: no fix of the system reaches an image that stands on it.
pub fn warn_of_age(root: &Path, max_age: u64, console: &dyn Console) {
    // One that cannot be read is an error where it is used.
    let Ok(Some(lock)) = RootLock::read(&root.join(RootLock::FILE)) else { return };
    for (what, days) in old(&lock, now() / DAY, max_age) {
        console.warning(&format!(
            "{}: {what} was locked {days} days ago, expected at most {max_age}\n  hint: run `cargo xtask base-image --update` and commit the file",
            RootLock::FILE
        ));
    }
}

/// What the lock of a repository names by digest, with its age today.
///
/// # Errors
/// The lock is none.
pub fn of(root: &Path) -> Result<Vec<Pin>> {
    let file = root.join(RootLock::FILE);
    let Some(lock) = RootLock::read(&file)? else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let pin = |Locked { what, name, days }: Locked<'_>| {
        let name = format!("\"{name}\"");
        let line = text.lines().position(|line| line.contains(&name)).map_or(1, |index| index + 1);
        Pin { what, file: RootLock::FILE.to_owned(), line, days, limit: MAX_AGE }
    };
    Ok(aged(&lock, now() / DAY).into_iter().map(pin).collect())
}

/// What is older than `max_age` days on the day `today`, counted since 1970.
fn old(lock: &RootLock, today: u64, max_age: u64) -> Vec<(String, u64)> {
    let aged = aged(lock, today).into_iter().map(|locked| (locked.what, locked.days));
    aged.filter(|(_, days)| *days > max_age).collect()
}

/// Something that a lock names by digest.
struct Locked<'a> {
    /// For people.
    what: String,
    /// In the lock.
    name: &'a str,
    days: u64,
}

/// All that is locked, with its age on a day.
fn aged(lock: &RootLock, today: u64) -> Vec<Locked<'_>> {
    let age = |day: &str| today.checked_sub(days_since_1970(day)?);
    let release = lock.locked.as_deref().and_then(age);
    let release = release.map(|days| Locked { what: format!("Debian {}", lock.release), name: &lock.release, days });
    let images = lock
        .images
        .iter()
        .filter_map(|(name, image)| Some(Locked { what: name.clone(), name, days: age(&image.locked)? }));
    release.into_iter().chain(images).collect()
}

/// Today, in UTC.
pub fn today() -> String {
    crate::git::rfc3339(now())[..10].to_owned()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Days of a date such as `2026-01-31`.
fn days_since_1970(date: &str) -> Option<u64> {
    let mut parts = date.split('-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some()
        || !(1970..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
    {
        return None;
    }
    // Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(locked: &str) -> RootLock {
        let digest = format!("sha256:{}", "a".repeat(64));
        let text = format!(
            r#"{{"schema": 1, "release": "trixie", "locked": "{locked}", "architectures": {{}},
            "npm": {{"name": "npm", "version": "1.0.0", "integrity": "sha512-{}=="}},
            "images": {{"node:24": {{"digest": "{digest}", "locked": "{locked}"}}}}}}"#,
            "A".repeat(86)
        );
        RootLock::parse(&text, Path::new(RootLock::FILE)).unwrap()
    }

    #[test]
    fn what_was_locked_long_ago_is_old() {
        let today = days_since_1970("2026-03-02").unwrap();
        assert_eq!(old(&lock("2026-01-01"), today, 60), []);
        let found = old(&lock("2025-12-31"), today, 60);
        assert_eq!(found, [("Debian trixie".to_owned(), 61), ("node:24".to_owned(), 61)]);
        assert_eq!(old(&lock("2027-01-01"), today, 60), [], "a clock that is behind");
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        assert_eq!(days_since_1970("1970-01-01"), Some(0));
        assert_eq!(days_since_1970("2000-02-29"), Some(951_782_400 / DAY));
        assert_eq!(days_since_1970("2100-03-01"), Some(4_107_542_400 / DAY));
        for wrong in ["", "2026", "2026-13-01", "2026-01-32", "2026-01-01-01", "x-y-z", "1969-12-31"] {
            assert_eq!(days_since_1970(wrong), None, "{wrong}");
        }
        assert_eq!(days_since_1970(&today()), Some(now() / DAY));
    }
}
