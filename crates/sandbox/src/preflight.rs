//! Whether this machine lets us make namespaces, and if not, why and what to do.

use std::path::Path;

use process::{EngineError, Invocation};

/// What bears on it, read from the kernel's own files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Host {
    /// `/proc/sys/kernel/unprivileged_userns_clone` (Debian's switch).
    unprivileged_clone: Option<String>,
    /// `/proc/sys/kernel/apparmor_restrict_unprivileged_userns` (Ubuntu 23.10 and later).
    apparmor_restricts: Option<String>,
    /// `/proc/sys/user/max_user_namespaces`.
    max_namespaces: Option<String>,
    /// Whether we are in a container.
    in_container: bool,
}

impl Host {
    fn read() -> Self {
        let value = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        Self {
            unprivileged_clone: value("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts: value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            max_namespaces: value("/proc/sys/user/max_user_namespaces"),
            in_container: ["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists()),
        }
    }

    /// The reason and the way out, most specific first.
    fn reason(&self) -> (&'static str, &'static str) {
        let is = |value: &Option<String>, expected: &str| value.as_deref() == Some(expected);
        if self.in_container {
            return (
                "this is a container, which may not make namespaces of its own",
                "build on the host, start the container with `--security-opt seccomp=unconfined --security-opt \
                 apparmor=unconfined --security-opt systempaths=unconfined`, or use `--engine docker` with the \
                 host's socket",
            );
        }
        if is(&self.max_namespaces, "0") {
            return ("user namespaces are switched off", "as root: `sysctl user.max_user_namespaces=15000`");
        }
        if is(&self.unprivileged_clone, "0") {
            return (
                "user namespaces are switched off for ordinary users",
                "as root: `sysctl kernel.unprivileged_userns_clone=1`",
            );
        }
        if is(&self.apparmor_restricts, "1") {
            return (
                "AppArmor refuses user namespaces to programs without a profile (Ubuntu 23.10 and later)",
                "as root: install apparmor-profiles and load its bwrap-userns-restrict profile, or \
                 `sysctl kernel.apparmor_restrict_unprivileged_userns=0`",
            );
        }
        (
            "the kernel or a security module refuses user namespaces",
            "ask who administers this machine, or use `--engine docker`",
        )
    }
}

/// Starts the smallest sandbox there is.
///
/// # Errors
/// The kernel refused; the error says why and what to do.
pub(crate) fn check(program: &Path) -> Result<(), EngineError> {
    let line = Invocation::new(program)
        .args(["--unshare-user", "--unshare-pid", "--unshare-net", "--uid", "1000", "--gid", "1000"])
        .args(["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "true"]);
    match line.read() {
        Ok(_) => Ok(()),
        Err(EngineError::Failed { tail, .. }) => Err(refused(&Host::read(), tail)),
        Err(other) => Err(other),
    }
}

fn refused(host: &Host, said: Vec<String>) -> EngineError {
    let (reason, hint) = host.reason();
    let mut details = vec![reason.to_owned()];
    details.extend(said);
    EngineError::Missing {
        what: "the embedded engine cannot make a sandbox here".to_owned(),
        details,
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(host: &Host) -> String {
        refused(host, vec!["bwrap: No permissions to create new namespace".to_owned()]).to_string()
    }

    #[test]
    fn each_cause_is_named_with_its_way_out() {
        let set = |value: &str| Some(value.to_owned());
        let container = Host { in_container: true, ..Host::default() };
        assert!(text(&container).contains("this is a container"));
        let debian = Host { unprivileged_clone: set("0"), ..Host::default() };
        assert!(text(&debian).contains("sysctl kernel.unprivileged_userns_clone=1"));
        let ubuntu = Host { apparmor_restricts: set("1"), ..Host::default() };
        assert!(text(&ubuntu).contains("AppArmor refuses"));
        let none = Host { max_namespaces: set("0"), ..Host::default() };
        assert!(text(&none).contains("sysctl user.max_user_namespaces="));
        assert_eq!(
            text(&Host::default()),
            "the embedded engine cannot make a sandbox here\n  the kernel or a security module refuses user namespaces\n  \
             bwrap: No permissions to create new namespace\n  hint: ask who administers this machine, or use `--engine docker`"
        );
    }
}
