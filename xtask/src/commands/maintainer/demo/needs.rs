//! What the demo starts that a fresh machine does not have.

use std::path::Path;

use boot::PostgresPrograms;

use super::engine_choice::Chosen;
use crate::flags::Demo;

/// Where distributions keep the certificates of CAs, all in one file.
const CERTIFICATES: &[&str] = &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
/// Debian's keys, which Ubuntu does not come with.
const KEYS: &[&str] = &[
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-trixie-stable.pgp",
    "/usr/share/keyrings/debian-archive-trixie-stable.gpg",
];

/// Something to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Bubblewrap { for_build: bool },
    Curl,
    Certificates,
    DebianKeys,
    Postgres,
}

impl Need {
    /// Whether there is no image without it.
    pub(super) fn is_for_build(self) -> bool {
        !matches!(self, Self::Postgres | Self::Bubblewrap { for_build: false })
    }

    /// For people: its name, which is that of its package on Debian, and what it is for.
    pub(super) fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Bubblewrap { for_build: true } => ("bubblewrap", "runs the steps of the build in sandboxes"),
            Self::Bubblewrap { for_build: false } => ("bubblewrap", "keeps the database in a sandbox"),
            Self::Curl => ("curl", "fetches Debian packages and Node"),
            Self::Certificates => ("ca-certificates", "says which servers to trust"),
            Self::DebianKeys => ("debian-archive-keyring", "says which packages are Debian's"),
            Self::Postgres => ("postgresql", "the database that the image is run with"),
        }
    }

    fn is_met(self) -> bool {
        let is_any = |files: &[&str]| files.iter().any(|file| Path::new(file).is_file());
        match self {
            Self::Bubblewrap { .. } => which::which("bwrap").is_ok(),
            Self::Curl => which::which("curl").is_ok(),
            Self::Certificates => is_any(CERTIFICATES) || std::env::var_os("SSL_CERT_FILE").is_some(),
            // Without apt they are of no use.
            Self::DebianKeys => is_any(KEYS) || which::which("apt-get").is_err(),
            Self::Postgres => PostgresPrograms::find().is_ok(),
        }
    }
}

/// What is missing for what the flags ask.
pub(super) fn missing(chosen: &Chosen, flags: &Demo) -> Vec<Need> {
    let for_build = matches!(chosen, Chosen::Embedded);
    let mut needs = Vec::new();
    if for_build {
        needs.extend([Need::Curl, Need::Certificates, Need::DebianKeys]);
    }
    if for_build || !flags.build_only {
        needs.push(Need::Bubblewrap { for_build });
    }
    if !flags.build_only {
        needs.push(Need::Postgres);
    }
    needs.retain(|need| !need.is_met());
    needs
}

/// Those of them that still are.
pub(super) fn still_missing(needs: Vec<Need>) -> Vec<Need> {
    needs.into_iter().filter(|need| !need.is_met()).collect()
}
