//! Words that stand where secrets can be, to be looked for where none may be.

use std::path::Path;

pub const TOKEN: &str = "canary-token-7f3a";
pub const PROXY: &str = "canary-proxy-51bc.invalid";
pub const CERTIFICATE: &str = "canary-certificate-90de";
pub const LOCAL_CONFIG: &str = "canary-local-config-2c44";
pub const DOT_ENV: &str = "canary-dot-env-d9e1";
pub const PASSWORD: &str = "canary-password-b80a";

/// All of them.
pub const ALL: [&str; 6] = [TOKEN, PROXY, CERTIFICATE, LOCAL_CONFIG, DOT_ENV, PASSWORD];

/// Puts canaries into a repository, and beside it a bundle of certificates; gives what its builds have in
/// their environment.
pub fn plant(repo: &Path) -> Vec<(String, String)> {
    std::fs::write(repo.join(".npmrc"), "//registry.invalid/:_authToken=${CANARY_TOKEN}\n").unwrap();
    std::fs::write(repo.join("app-config.local.yaml"), format!("x: {LOCAL_CONFIG}\n")).unwrap();
    std::fs::write(repo.join(".env"), format!("X={DOT_ENV}\n")).unwrap();
    let bundle = repo.with_file_name("ca.pem");
    let real =
        std::env::var_os("NODE_EXTRA_CA_CERTS").map_or_else(String::new, |path| std::fs::read_to_string(path).unwrap());
    std::fs::write(&bundle, format!("# {CERTIFICATE}\n{real}")).unwrap();
    let mut environment =
        vec![("CANARY_TOKEN".to_owned(), TOKEN.to_owned()), ("NO_PROXY".to_owned(), format!("localhost,{PROXY}"))];
    if !real.is_empty() {
        environment.push(("NODE_EXTRA_CA_CERTS".to_owned(), bundle.display().to_string()));
    }
    environment
}

/// The canaries that occur in `bytes`.
pub fn found_in(bytes: &[u8]) -> Vec<&'static str> {
    // All begin alike, which makes one pass enough.
    let starts = (0..bytes.len()).filter(|start| bytes[*start] == b'c' && bytes[*start..].starts_with(b"canary-"));
    let mut found: Vec<_> = starts
        .flat_map(|start| ALL.into_iter().filter(move |canary| bytes[start..].starts_with(canary.as_bytes())))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
