//! Where Debian's packages come from on this machine.

use process::Invocation;

/// Debian's own.
const DEBIAN: &str = "http://deb.debian.org/debian";

/// Addresses below which `dists/` and `pool/` are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mirrors {
    /// Of the release.
    pub(crate) debian: String,
    /// Of its security updates.
    pub(crate) security: String,
}

impl Mirrors {
    /// The ones asked for, as URLs or lines of sources.list; else this machine's own, when it is a Debian;
    /// else Debian's.
    pub(crate) fn find(asked: &[String]) -> Self {
        let asked: Vec<String> = asked.iter().filter_map(|text| address_in(text)).collect();
        Self::among(asked)
            .unwrap_or_else(|| Self::among(of_host()).unwrap_or_else(|| Self::with_security(DEBIAN.to_owned(), None)))
    }

    fn among(addresses: Vec<String>) -> Option<Self> {
        let (security, debian): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| is_security(address));
        let debian = debian.into_iter().next()?;
        Some(Self::with_security(debian, security.into_iter().next()))
    }

    fn with_security(debian: String, security: Option<String>) -> Self {
        let security = security.unwrap_or_else(|| format!("{debian}-security"));
        Self { debian, security }
    }

    /// The address of a package, by its path. Some servers read `+` as a space, so it is escaped as apt does.
    pub(crate) fn address(&self, path: &str) -> String {
        let base = if path.starts_with("pool/updates/") { &self.security } else { &self.debian };
        let mut address = format!("{base}/");
        for letter in path.chars() {
            match letter {
                '+' => address.push_str("%2b"),
                '~' => address.push_str("%7e"),
                letter => address.push(letter),
            }
        }
        address
    }
}

fn is_security(address: &str) -> bool {
    address.contains("debian-security") || address.contains("security.debian.org")
}

fn address_in(text: &str) -> Option<String> {
    let word = text.split_whitespace().find(|word| word.starts_with("http://") || word.starts_with("https://"))?;
    Some(word.trim_end_matches('/').to_owned())
}

/// The mirrors that apt takes Debian from on this machine; the ones of the release first.
fn of_host() -> Vec<String> {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|line| line == "ID=debian") {
        return Vec::new();
    }
    let targets = Invocation::new("apt-get").args(["indextargets", "--format", "$(RELEASE) $(SITE)"]);
    from_targets(&targets.read().unwrap_or_default(), &codename(&release))
}

/// Reads `RELEASE SITE` lines; those of a release that is not this machine's come last.
fn from_targets(targets: &str, codename: &str) -> Vec<String> {
    let of = |wanted: &str| {
        let lines = targets.lines().filter_map(|line| line.split_once(' '));
        let site = lines.filter(|(release, _)| *release == wanted).find_map(|(_, site)| address_in(site));
        site.into_iter().collect::<Vec<_>>()
    };
    let names = [crate::lock::RELEASE, codename];
    names.iter().flat_map(|name| [of(name), of(&format!("{name}-security"))]).flatten().collect()
}

fn codename(release: &str) -> String {
    let name = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.unwrap_or_default().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_a_url_or_a_line_of_sources_list() {
        let asked = ["deb [arch=amd64] https://mirror.example/debian/ trixie main".to_owned()];
        let found = Mirrors::find(&asked);
        assert_eq!(found.debian, "https://mirror.example/debian");
        assert_eq!(found.security, "https://mirror.example/debian-security");
        let asked = ["http://a.example/debian-security".to_owned(), "http://b.example/x".to_owned()];
        let found = Mirrors::find(&asked);
        assert_eq!((found.debian.as_str(), found.security.as_str()), ("http://b.example/x", asked[0].as_str()));
    }

    #[test]
    fn the_machines_own_are_read_from_apt() {
        let targets = "bookworm http://a.example/debian\nbookworm-security http://a.example/debian-security\n\
            nodistro https://b.example/node\nbookworm-updates http://a.example/debian";
        let found = Mirrors::among(from_targets(targets, "bookworm")).unwrap();
        assert_eq!(found, Mirrors::with_security("http://a.example/debian".to_owned(), None));
        assert!(from_targets("bookworm mirror+file:/etc/apt/mirrors/debian.list", "bookworm").is_empty());
    }

    #[test]
    fn security_updates_have_their_own_archive_and_signs_are_escaped() {
        let mirrors = Mirrors::with_security("http://a.example/debian".to_owned(), None);
        assert_eq!(mirrors.address("pool/main/a/a_1+b~1.deb"), "http://a.example/debian/pool/main/a/a_1%2bb%7e1.deb");
        assert_eq!(mirrors.address("pool/updates/a.deb"), "http://a.example/debian-security/pool/updates/a.deb");
    }
}
