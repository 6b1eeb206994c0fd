//! Words that stand where secrets can be, to be looked for where none may be.

use std::path::Path;

pub const TOKEN: &str = "canary-token-7f3a";
pub const PROXY: &str = "canary-proxy-51bc.invalid";
pub const CERTIFICATE: &str = "canary-certificate-90de";
pub const LOCAL_CONFIG: &str = "canary-local-config-2c44";
pub const DOT_ENV: &str = "canary-dot-env-d9e1";
pub const PASSWORD: &str = "canary-password-b80a";
pub const SCOPE: &str = "canary-scope-66a1";
pub const REMOTE: &str = "canary-remote-f05b";
pub const REGISTRY: &str = "canary-registry-1d77";

/// All of them.
pub const ALL: [&str; 9] = [TOKEN, PROXY, CERTIFICATE, LOCAL_CONFIG, DOT_ENV, PASSWORD, SCOPE, REMOTE, REGISTRY];

/// Puts canaries into a repository, and beside it a bundle of certificates; gives what its builds have in
/// their environment.
pub fn plant(repo: &Path) -> Vec<(String, String)> {
    std::fs::write(repo.join(".npmrc"), "//registry.invalid/:_authToken=${CANARY_TOKEN}\n").unwrap();
    let settings = std::fs::read_to_string(repo.join(".yarnrc.yml")).unwrap();
    let scope = "npmScopes:\n  private:\n    npmAuthToken: ${CANARY_SCOPE-}\n";
    // A clone of a planted repository has it already.
    if !settings.contains(scope) {
        std::fs::write(repo.join(".yarnrc.yml"), format!("{settings}\n{scope}")).unwrap();
    }
    std::fs::write(repo.join("app-config.local.yaml"), format!("x: {LOCAL_CONFIG}\n")).unwrap();
    std::fs::write(repo.join(".env"), format!("X={DOT_ENV}\n")).unwrap();
    let bundle = repo.with_file_name("ca.pem");
    let real =
        std::env::var_os("NODE_EXTRA_CA_CERTS").map_or_else(String::new, |path| std::fs::read_to_string(path).unwrap());
    std::fs::write(&bundle, format!("# {CERTIFICATE}\n{real}")).unwrap();
    let mut environment = vec![
        ("CANARY_TOKEN".to_owned(), TOKEN.to_owned()),
        ("CANARY_SCOPE".to_owned(), SCOPE.to_owned()),
        ("NO_PROXY".to_owned(), format!("localhost,{PROXY}")),
    ];
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

/// The URL of a remote, with a token as people write it into one.
pub fn remote() -> String {
    format!("https://user:{REMOTE}@git.invalid/portal.git")
}

/// The canaries in all that a build said, on either stream.
pub fn said(built: &super::Built) -> Vec<&'static str> {
    let messages: String = built.messages.iter().map(|message| format!("{message}\n")).collect();
    found_in(format!("{messages}{}", built.stderr).as_bytes())
}
