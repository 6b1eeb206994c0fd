//! What is wrong with a deployment before anything is built: facts that no build could fix.

use std::collections::BTreeSet;

use diagnostics::{Problem, Problems};
use serde_json::Value;

use crate::config_files::{DEPLOYED, DEVELOPMENT};
use crate::deployed_config::{DeployedConfig, is_local_url};
use crate::facts::Monorepo;

/// The plugin that serves the app.
pub const APP_BACKEND: &str = "@backstage/plugin-app-backend";
/// The package that it serves unless `app.packageName` of the configuration, or the option `appPackageName` of
/// its older versions, says otherwise.
const APP: &str = "app";
/// That option.
pub const APP_OPTION: &str = "appPackageName";

/// What somebody may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowance {
    /// Base URLs that only this machine reaches.
    Localhost,
    /// Variables without a value or a fallback, where a boot would have to have them.
    UnsetVariables,
    /// A frontend whose dependencies are installed beside the backend's.
    UnbundledFrontend,
}

impl Monorepo {
    /// Everything that would make an image of this repository useless, apart from what is allowed.
    ///
    /// # Errors
    /// A configuration file is not YAML.
    pub fn deployment_problems(&self, allowed: &BTreeSet<Allowance>) -> Result<Vec<Problem>, Problems> {
        let texts = &self.configs.deployed_texts;
        let mut problems = self.uncommitted_configs();
        problems.extend(self.missing_includes(texts));
        problems.extend(self.absent_app());
        if !allowed.contains(&Allowance::UnbundledFrontend) {
            problems.extend(self.unbundled_frontends());
        }
        if !allowed.contains(&Allowance::Localhost) {
            problems.extend(local_addresses(texts)?);
        }
        Ok(problems)
    }

    /// Variables of the configuration that are not among those `given`, and have no fallback: Backstage takes their
    /// values for undefined, and those of an earlier file in their place, silently.
    ///
    /// # Errors
    /// As [`Monorepo::deployment_problems`].
    pub fn unset_variables(&self, given: &BTreeSet<String>) -> Result<Vec<Problem>, Problems> {
        let config = DeployedConfig::read(&self.configs.deployed_texts)?;
        let unset = config.variables.into_iter().filter(|(name, one)| !one.has_fallback && !given.contains(name));
        let problem = |(name, variable): (String, crate::deployed_config::ConfigVariable)| {
            let next = format!(
                "give it by `--env {name}=VALUE`, write a fallback as in `${{{name}:-VALUE}}`, or build with \
                 `--allow unset-variables`"
            );
            let found = format!("the variable {name}, not set and without a fallback");
            Problem::new(variable.places.join(", "), found, "a value, as the deployment gives it", next)
        };
        Ok(unset.map(problem).collect())
    }

    /// Configuration files that are here and in no clone.
    fn uncommitted_configs(&self) -> Vec<Problem> {
        let is_here = |name: &&&str| self.tree.get(name).is_none() && self.root.join(name).is_file();
        let problem = |name: &&str| {
            let found = "a file that .gitignore leaves out, so that no image has it";
            let next = format!("remove its pattern from .gitignore and commit it, or move {name} away");
            Problem::new(*name, found, "a file of the repository", next)
        };
        DEPLOYED.iter().filter(is_here).map(problem).collect()
    }

    /// `$include` of what is not in the repository (`config-loader`, `include`).
    fn missing_includes(&self, texts: &[(String, String)]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, text) in texts {
            let value: Value = crate::yaml::parse(name, text, "a Backstage configuration as YAML").unwrap_or_default();
            for target in includes(&value) {
                let path = target.split('#').next().unwrap_or_default().trim_start_matches("./");
                let is_known_later = path.contains("${") || path.starts_with('/');
                if !is_known_later && self.tree.get(path).is_none() {
                    let next = format!("commit {path}, or take the $include out of {name}");
                    let found = format!("$include: {target}, which leads to no file of the repository");
                    let (line, column) = place(text, &target);
                    problems.push(Problem::new(name.as_str(), found, "a file that a clone has", next).at(line, column));
                }
            }
        }
        problems
    }

    /// A backend that serves an app and takes none along; silent when one may come from elsewhere.
    fn absent_app(&self) -> Option<Problem> {
        let backend = self.backend();
        // The sources are read last: nearly every repository is known to be sound before.
        if !self.bundles().is_empty()
            || !self.serves_an_app()
            || self.may_have_foreign_app()
            || !self.adds_app_backend()
        {
            return None;
        }
        let found = format!("{APP_BACKEND} among the dependencies, and no package with the role frontend");
        let next = format!(
            "add \"app\": \"link:../app\" to the dependencies in {} and run `yarn install`",
            backend.manifest_path()
        );
        Some(Problem::new(backend.manifest_path(), found, "the app that it is to serve", next))
    }

    /// Whether the backend depends on the plugin that serves an app.
    pub fn serves_an_app(&self) -> bool {
        self.backend().manifest.published_dependencies().any(|(name, _)| name == APP_BACKEND)
    }

    /// Whether the backend's sources are seen to add that plugin, with its app named by the configuration.
    fn adds_app_backend(&self) -> bool {
        let sources = self.tree.under(&self.backend().folder).map(|(path, _)| path);
        let is_code = |path: &&str| [".ts", ".tsx", ".js"].iter().any(|extension| path.ends_with(extension));
        let texts = sources.filter(is_code).filter_map(|path| std::fs::read_to_string(self.root.join(path)).ok());
        let texts: Vec<String> = texts.collect();
        texts.iter().any(|text| text.contains(APP_BACKEND)) && !texts.iter().any(|text| text.contains(APP_OPTION))
    }

    /// Whether a production install may bring the app: it is known at run time only, a production package asks for
    /// it, or the lockfile has it from somewhere else than the repository, perhaps for a dependency.
    pub fn may_have_foreign_app(&self) -> bool {
        let names = self.configs.app_packages.iter().map(String::as_str).chain([APP]);
        let is_local = |resolution: &str| resolution.contains("@workspace:") || resolution.contains("@link:");
        let is_asked = |name: &str| {
            let packages = self.production_packages().into_iter();
            packages.flat_map(|package| package.manifest.published_dependencies()).any(|(asked, _)| asked == name)
        };
        let is_locked =
            |name: &str| self.lockfile.entries.iter().any(|one| one.name() == name && !is_local(&one.resolution));
        names.into_iter().any(|name| name.contains('$') || is_asked(name) || is_locked(name))
    }

    /// Apps whose dependencies a production install would bring.
    fn unbundled_frontends(&self) -> Vec<Problem> {
        let problem = |app: &crate::workspaces::Workspace| {
            let path = app.manifest_path();
            let found = format!(
                "no \"bundled\": true, so that the {} dependencies of the app are installed beside the backend",
                app.manifest.dependencies.len()
            );
            let next = format!("add \"bundled\": true to {path}, or build with `--allow unbundled-frontend`");
            Problem::new(path, found, "\"bundled\": true, since its role is frontend", next)
        };
        self.bundles().into_iter().filter(|app| !app.manifest.bundled).map(problem).collect()
    }
}

/// Base URLs of the production configuration that no browser elsewhere reaches. What development is told is
/// only warned about, and a variable is known at run time.
fn local_addresses(texts: &[(String, String)]) -> Result<Vec<Problem>, Problem> {
    let config = DeployedConfig::read(texts)?;
    let urls = config.settings.into_iter().filter(|setting| setting.key.ends_with(".baseUrl"));
    let problem = |setting: crate::deployed_config::ConfigSetting| {
        let text = texts.iter().find(|(name, _)| *name == setting.file).map_or("", |(_, text)| text);
        let part = setting.key.split('.').next().unwrap_or_default();
        let (line, column) = place_below(text, part, &setting.value);
        let next = format!(
            "write the address of the deployment, or `${{BASE_URL}}`; or set `base-url` under [flightcontrol] in \
             xtask.toml and run `cargo xtask render`; for an image to try here, build with `--allow localhost`, or \
             write `${{BASE_URL:-{}}}`",
            setting.value
        );
        let found = format!("{}: {}", setting.key, setting.value);
        Problem::new(setting.file, found, "an address that a browser elsewhere reaches", next).at(line, column)
    };
    let local = urls.filter(|setting| setting.file != DEVELOPMENT && is_local_url(&setting.value));
    Ok(local.map(problem).collect())
}

/// What `$include` names, anywhere.
fn includes(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let named = fields.get("$include").and_then(Value::as_str).map(str::to_owned);
            named.into_iter().chain(fields.values().flat_map(includes)).collect()
        }
        Value::Array(items) => items.iter().flat_map(includes).collect(),
        _ => Vec::new(),
    }
}

/// Line and column of a text, from 1.
fn place(text: &str, wanted: &str) -> (usize, usize) {
    place_from(text, 0, wanted)
}

/// The same below the line that begins with the key `part`.
fn place_below(text: &str, part: &str, wanted: &str) -> (usize, usize) {
    let start = text.lines().position(|line| line.starts_with(&format!("{part}:")));
    place_from(text, start.unwrap_or_default(), wanted)
}

fn place_from(text: &str, first: usize, wanted: &str) -> (usize, usize) {
    let lines = text.lines().enumerate().skip(first);
    let found = lines.filter(|(_, line)| !line.trim_start().starts_with('#'));
    let mut found = found.filter_map(|(index, line)| Some((index, line[..line.find(wanted)?].chars().count())));
    found.next().map_or((first + 1, 1), |(index, column)| (index + 1, column + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_value() {
        let text = "app:\n  # baseUrl: http://localhost\n  title: x\nbackend:\n  baseUrl: http://localhost\n";
        assert_eq!(place_below(text, "backend", "http://localhost"), (5, 12));
        assert_eq!(place_below(text, "app", "http://localhost"), (5, 12));
        assert_eq!(place(text, "nowhere"), (1, 1));
    }

    #[test]
    fn includes_are_found_anywhere() {
        let value =
            serde_json::json!({"a": [{"$include": "x.yaml#b"}], "c": {"d": {"$include": "./y.yaml"}, "$file": "z"}});
        assert_eq!(includes(&value), ["x.yaml#b", "./y.yaml"]);
    }
}
