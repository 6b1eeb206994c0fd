//! Disk, memory, certificates and proxies.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use diagnostics::gigabytes;
use process::Invocation;

use super::line::{Line, LineState};

const KIB: u64 = 1 << 10;
const GB: u64 = 1_000_000_000;

/// What a new app needs, in bytes: below the first a build fails, below the second it may.
struct Need {
    least: u64,
    enough: u64,
}

/// The state folder of a new app holds some 4 GB after a few builds in sandboxes; what Docker keeps is more.
const DISK: Need = Need { least: 3 * GB, enough: 8 * GB };
/// The type check and the bundler of a new app, which run beside each other and hold 1.8 GB.
const MEMORY: Need = Need { least: 2 * GB, enough: 3 * GB };

pub(super) fn lines(shared: &Path, ca_file: Option<&Path>) -> Vec<Line> {
    let mut lines = vec![disk(shared), memory()];
    lines.extend(certificates(ca_file));
    lines.extend(proxies());
    lines
}

impl Need {
    fn state(&self, bytes: u64) -> LineState {
        match bytes {
            _ if bytes < self.least => LineState::Failed,
            _ if bytes < self.enough => LineState::Warning,
            _ => LineState::Ok,
        }
    }

    fn line(&self, check: &'static str, bytes: u64, what: &str, next: &str) -> Line {
        let found = format!("{} {what}; a new app wants {}", gigabytes(bytes), gigabytes(self.enough));
        let state = self.state(bytes);
        let next = (state != LineState::Ok).then(|| next.to_owned());
        Line { state, next, ..Line::ok(check, found) }
    }
}

fn disk(shared: &Path) -> Line {
    let existing = shared.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    // In blocks of 1024 bytes, each file system on one line (POSIX, df -P).
    let table = Invocation::new("df").args(["-P", "-k"]).arg(existing).env("LC_ALL", "C").read();
    match table.ok().and_then(|table| free_kibibytes(&table)) {
        Some(free) => DISK.line(
            "disk",
            free.saturating_mul(KIB),
            &format!("free for {}", shared.display()),
            "make room, see `cargo xtask clean --report`, or name a folder on another disk with `--state-dir DIR`",
        ),
        None => Line::warning("disk", "df says nothing of it", "see yourself whether there is room"),
    }
}

fn free_kibibytes(table: &str) -> Option<u64> {
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

fn memory() -> Line {
    let of_machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    // Documentation/admin-guide/cgroup-v2.rst of Linux, memory.max.
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    match of_machine.into_iter().chain(limit).min() {
        Some(bytes) => MEMORY.line(
            "memory",
            bytes,
            "available",
            "give the machine or container more; with less, tsc and the bundler are ended by the kernel (exit code 137)",
        ),
        None => Line::warning("memory", "this system does not say", "see yourself whether there are 3 GB"),
    }
}

/// Bytes that new processes may have.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()?.saturating_mul(KIB))
}

/// Files that programs are told to trust.
fn certificates(ca_file: Option<&Path>) -> Vec<Line> {
    let named = ca_file.map(|file| ("--ca-file", file.to_owned()));
    let is_set = |value: &OsString| !value.is_empty();
    let variable = |name: &'static str| Some((name, PathBuf::from(std::env::var_os(name).filter(is_set)?)));
    let named = named.into_iter().chain(["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].into_iter().filter_map(variable));
    named.map(|(name, file)| certificate(name, &file)).collect()
}

fn certificate(name: &str, file: &Path) -> Line {
    let place = format!("{} ({name})", file.display());
    let next = format!("let {name} name a file with your proxy's certificates in PEM form");
    match std::fs::read_to_string(file) {
        Ok(text) => match text.matches("-----BEGIN CERTIFICATE-----").count() {
            0 => Line::failed("certificates", format!("{place} holds none in PEM form"), next),
            count => Line::ok("certificates", format!("{place} holds {count}")),
        },
        Err(error) => Line::failed("certificates", format!("{place}: {error}"), next),
    }
}

/// Which proxies are set. Their values may hold a password.
fn proxies() -> Option<Line> {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];
    let set: Vec<&str> = names.into_iter().filter(is_set).collect();
    (!set.is_empty()).then(|| Line::ok("proxies", format!("{} set; builds use them", set.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_system() {
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 100 60 40 60% /a b\n";
        assert_eq!(free_kibibytes(table), Some(40));
        assert_eq!(free_kibibytes("Filesystem\n"), None);
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
    }

    #[test]
    fn what_is_short_says_what_to_do() {
        let line = |bytes| DISK.line("disk", bytes, "free", "make room");
        assert_eq!(line(9 * GB), Line::ok("disk", "9.0 GB free; a new app wants 8.0 GB"));
        assert_eq!((line(4 * GB).state, line(GB).state), (LineState::Warning, LineState::Failed));
        assert_eq!(line(GB).next.as_deref(), Some("make room"));
    }

    #[test]
    fn certificates_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        assert_eq!(certificate("--ca-file", &file).state, LineState::Failed);
        std::fs::write(&file, "-----BEGIN PRIVATE KEY-----").unwrap();
        assert!(certificate("--ca-file", &file).found.ends_with("(--ca-file) holds none in PEM form"));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nx\n".repeat(2)).unwrap();
        assert!(certificate("--ca-file", &file).found.ends_with("holds 2"));
    }
}
