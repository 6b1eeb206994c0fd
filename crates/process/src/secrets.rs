//! Secrets of a build: found by name on this machine, handed to the engine by name or file, never by value.

use std::path::{Path, PathBuf};

/// Where a secret's value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file.
    File(PathBuf),
    /// In an environment variable of this process.
    Variable(String),
}

/// A secret as the recipe names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Name, also of the file under `/run/secrets`.
    pub id: String,
    /// Where its value is.
    pub source: SecretSource,
}

/// The id of the CA bundle's secret.
const CA: &str = "ca";
/// Where distributions keep the certificates that every program trusts anyway.
const SYSTEM_BUNDLES: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Finds the secrets that a recipe names; one without a value on this machine is left out, since most are
/// optional (a proxy, a CA).
pub fn resolve_build_secrets(names: &[String], ca_file: Option<&Path>) -> Vec<Secret> {
    names.iter().filter_map(|name| find(name, ca_file)).collect()
}

/// The certificates that this machine trusts, for a root file system that knows only the public ones: a
/// company's own are commonly added there and named by no variable.
pub fn system_certificates() -> Option<Secret> {
    let file = SYSTEM_BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file())?;
    Some(Secret { id: CA.to_owned(), source: SecretSource::File(file) })
}

fn find(name: &str, ca_file: Option<&Path>) -> Option<Secret> {
    let source = if name == CA {
        SecretSource::File(ca_file.map(Path::to_owned).or_else(ca_from_environment)?)
    } else {
        // Proxies are commonly written in lower case.
        let lower = name.to_lowercase();
        let names = if name.ends_with("_PROXY") { vec![name, lower.as_str()] } else { vec![name] };
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        SecretSource::Variable(names.into_iter().find(is_set)?.to_owned())
    };
    Some(Secret { id: name.to_owned(), source })
}

/// A CA bundle that this machine's programs are told to use, when it differs from what they would use
/// anyway. Node's default is built in, so its variable always differs.
fn ca_from_environment() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_file());
    let is_default = |path: &PathBuf| SYSTEM_BUNDLES.iter().any(|default| path == Path::new(default));
    variable("NODE_EXTRA_CA_CERTS").or_else(|| variable("SSL_CERT_FILE").filter(|path| !is_default(path)))
}
