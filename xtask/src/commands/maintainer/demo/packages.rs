//! The distribution's packages, and what installs them.

use std::path::PathBuf;

use process::{EngineError, Interrupt, Invocation};

use super::needs::Need;

/// Installs packages of Debian or Ubuntu, and starts nothing.
const SCRIPT: &str = include_str!("../../../../../assets/scripts/install-packages.sh");

/// An apt that we may use.
pub(super) struct Apt {
    /// Needed unless we are root.
    sudo: Option<PathBuf>,
}

impl Apt {
    /// It needs root, or sudo.
    pub(super) fn find() -> Option<Self> {
        which::which("apt-get").ok()?;
        if is_root() {
            return Some(Self { sudo: None });
        }
        which::which("sudo").ok().map(|sudo| Self { sudo: Some(sudo) })
    }

    /// Installs the packages of these needs.
    pub(super) fn install(
        &self,
        needs: &[Need],
        asks: bool,
        interrupt: &Interrupt,
        on_line: impl FnMut(&str),
    ) -> Result<(), EngineError> {
        self.command(needs, asks).stream(None, interrupt, on_line).map(drop)
    }

    fn command(&self, needs: &[Need], asks: bool) -> Invocation {
        let line = match &self.sudo {
            None => Invocation::new("sh"),
            // It asks for a password on the terminal itself.
            Some(sudo) if asks => Invocation::new(sudo).args(["--", "sh"]),
            Some(sudo) => Invocation::new(sudo).args(["--non-interactive", "--", "sh"]),
        };
        line.args(["-c", SCRIPT, "install-packages"]).args(needs.iter().map(|need| need.describe().0))
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The command by which somebody installs them; nothing for an unknown distribution, or for no needs.
pub(super) fn by_hand(needs: &[Need]) -> Option<String> {
    let manager = ["apt-get", "dnf", "apk", "pacman", "zypper"].into_iter().find(|name| which::which(name).is_ok())?;
    let names: Vec<_> = needs.iter().map(|need| package(manager, *need)).collect();
    let sudo = if is_root() { "" } else { "sudo " };
    let install = match manager {
        "apt-get" => "apt-get install --no-install-recommends",
        "apk" => "apk add",
        "pacman" => "pacman -S",
        "zypper" => "zypper install",
        _ => "dnf install",
    };
    (!names.is_empty()).then(|| format!("{sudo}{install} {}", names.join(" ")))
}

fn package(manager: &str, need: Need) -> &'static str {
    match (manager, need) {
        ("dnf" | "zypper", Need::Postgres) => "postgresql-server",
        _ => need.describe().0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_asks_only_where_somebody_can_answer() {
        let words = |asks| {
            let apt = Apt { sudo: Some("/usr/bin/sudo".into()) };
            let line = apt.command(&[Need::Curl, Need::Postgres], asks);
            line.arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(words(true)[..3], ["--", "sh", "-c"]);
        assert_eq!(words(true)[4..], ["install-packages", "curl", "postgresql"]);
        assert_eq!(words(false)[0], "--non-interactive");
    }
}
