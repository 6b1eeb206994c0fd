//! What the programs that fetch for us must know about this machine's network.

use std::path::{Path, PathBuf};

use process::{EngineError, Invocation, SecretSource, fs, resolve_build_secrets};

/// Where distributions keep the certificates that every program trusts.
const SYSTEM: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
/// curl reads the first in lower case only, apt all of them.
const PROXIES: &[&str] = &["http_proxy", "https_proxy", "no_proxy"];

/// Sets the proxies in lower case, where they are set in upper case only.
pub(crate) fn with_proxies(command: Invocation) -> Invocation {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    PROXIES.iter().fold(command, |command, name| match (set(name), set(&name.to_uppercase())) {
        (None, Some(value)) => command.env(name, value),
        _ => command,
    })
}

/// One file with the certificates that this machine trusts and those of a proxy, given by `ca_file` or the
/// environment; nothing when there are no such: then programs use the system's. Programs take one file instead of their own.
///
/// # Errors
/// A file cannot be read or written.
pub(crate) fn certificates(shared: &Path, ca_file: Option<&Path>) -> Result<Option<PathBuf>, EngineError> {
    let found = resolve_build_secrets(&["ca".to_owned()], ca_file).pop();
    let Some(SecretSource::File(own)) = found.map(|secret| secret.source) else { return Ok(None) };
    if SYSTEM.iter().any(|system| own == Path::new(system)) {
        return Ok(None);
    }
    let system = SYSTEM.iter().map(Path::new).find(|file| file.is_file());
    let mut text = Vec::new();
    for file in system.into_iter().chain([own.as_path()]) {
        text.extend(std::fs::read(file).map_err(EngineError::io(format!("reading {}", file.display())))?);
        text.push(b'\n');
    }
    fs::create(shared)?;
    let bundle = shared.join("certificates.pem");
    if std::fs::read(&bundle).is_ok_and(|found| found == text) {
        return Ok(Some(bundle));
    }
    let partial = shared.join(format!("certificates.{}.partial", std::process::id()));
    let written = std::fs::write(&partial, text).and_then(|()| std::fs::rename(&partial, &bundle));
    written.map_err(EngineError::io(format!("writing {}", bundle.display())))?;
    Ok(Some(bundle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_certificates_are_added_to_the_systems() {
        let scratch = tempfile::tempdir().unwrap();
        let own = scratch.path().join("own.pem");
        std::fs::write(&own, "own").unwrap();
        let bundle = certificates(scratch.path(), Some(&own)).unwrap().unwrap();
        let text = std::fs::read_to_string(&bundle).unwrap();
        let system = SYSTEM.iter().find(|file| Path::new(file).is_file());
        assert!(text.ends_with("own\n"));
        assert_eq!(text.contains("BEGIN CERTIFICATE"), system.is_some());
        assert!(certificates(scratch.path(), Some(&scratch.path().join("none"))).is_err());
    }
}
