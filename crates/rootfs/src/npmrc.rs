//! Which npm registry to ask, and how to be let in: what npm itself would read.

use std::path::{Path, PathBuf};

/// npm's own.
const DEFAULT: &str = "https://registry.npmjs.org";

/// A registry of npm packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registry {
    address: String,
    token: Option<String>,
}

impl Registry {
    /// The one of this user: `npm_config_registry`, else `registry` of ~/.npmrc, else npm's own.
    pub(crate) fn find() -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let file = std::env::var_os("NPM_CONFIG_USERCONFIG").map(PathBuf::from);
        let file = file.or_else(|| home.map(|home| home.join(".npmrc")));
        let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::from_settings(&text, &variable)
    }

    fn from_settings(npmrc: &str, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let setting = |name: &str| {
            let mut lines = npmrc.lines().filter_map(|line| line.split_once('='));
            let value = lines.rfind(|(key, _)| key.trim() == name).map(|(_, value)| value.trim());
            value.map(|value| expanded(value.trim_matches('"'), variable))
        };
        let address = variable("npm_config_registry").or_else(|| variable("NPM_CONFIG_REGISTRY"));
        let address = address.or_else(|| setting("registry")).unwrap_or_else(|| DEFAULT.to_owned());
        let address = address.trim_end_matches('/').to_owned();
        // npm keeps a token under the address without its scheme.
        let place = address.split_once(':').map_or(address.as_str(), |(_, place)| place);
        let token = setting(&format!("{place}/:_authToken")).or_else(|| setting(&format!("{place}:_authToken")));
        Self { address, token }
    }

    /// What answers when the registry does (npm, `npm ping`).
    pub(crate) fn ping(&self) -> String {
        format!("{}/-/ping", self.address)
    }

    /// Where a package's metadata are; the slash of a scope is escaped, as npm does.
    pub(crate) fn metadata(&self, name: &str) -> String {
        format!("{}/{}", self.address, name.replace('/', "%2f"))
    }

    /// Where a version's archive is, by the convention that all registries follow.
    pub(crate) fn archive(&self, name: &str, version: &str) -> String {
        let base = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
        format!("{}/{name}/-/{base}-{version}.tgz", self.address)
    }

    /// What lets this user in.
    pub(crate) fn headers(&self) -> Vec<String> {
        self.token.iter().map(|token| format!("authorization: Bearer {token}")).collect()
    }
}

/// Replaces `${NAME}` by the variable.
fn expanded(value: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let Some((before, rest)) = value.split_once("${") else { return value.to_owned() };
    let Some((name, after)) = rest.split_once('}') else { return value.to_owned() };
    format!("{before}{}{}", variable(name).unwrap_or_default(), expanded(after, variable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_comes_before_the_file_and_the_file_before_npm() {
        let none = |_: &str| None;
        let npmrc = "audit=false\nregistry = https://npm.example/all/\n//npm.example/all/:_authToken=${TOKEN}x\n";
        assert_eq!(Registry::from_settings("", &none).address, DEFAULT);
        let token = |name: &str| (name == "TOKEN").then(|| "abc".to_owned());
        let found = Registry::from_settings(npmrc, &token);
        assert_eq!(found.address, "https://npm.example/all");
        assert_eq!(found.headers(), ["authorization: Bearer abcx"]);
        let set = |name: &str| (name == "npm_config_registry").then(|| "http://local".to_owned());
        let found = Registry::from_settings(npmrc, &set);
        assert_eq!((found.address.as_str(), found.headers().len()), ("http://local", 0));
    }

    #[test]
    fn scopes_are_escaped_where_npm_escapes_them() {
        let registry = Registry::from_settings("", &|_| None);
        let base = "https://registry.npmjs.org";
        assert_eq!(registry.metadata("@a/b"), format!("{base}/@a%2fb"));
        assert_eq!(registry.archive("@a/b", "1.0.0"), format!("{base}/@a/b/-/b-1.0.0.tgz"));
        assert_eq!(registry.archive("npm", "1.0.0"), format!("{base}/npm/-/npm-1.0.0.tgz"));
    }
}
