//! `[techdocs]` of `xtask.toml`: MkDocs in the image.

use diagnostics::Problem;
use serde::Deserialize;

use crate::settings::SETTINGS;

/// `[techdocs]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TechDocsSettings {
    /// Whether MkDocs is in the image.
    pub enabled: bool,
    /// Packages of the Python index in place of [`PACKAGES`], each with its version.
    pub packages: Vec<String>,
}

/// `mkdocs-techdocs-core` and all that it depends on, for the Python of Debian trixie: versions that are
/// known to work together, and the same in every build.
const PACKAGES: &[&str] = &[
    "babel==2.18.0",
    "backrefs==8.3",
    "certifi==2026.10.18",
    "charset-normalizer==3.5.2",
    "click==8.5.1",
    "colorama==0.4.6",
    "ghp-import==2.1.0",
    "idna==3.20",
    "jinja2==3.1.6",
    "markdown-graphviz-inline==1.1.3",
    "markdown==3.10.3",
    "markupsafe==3.0.4",
    "mdx-truly-sane-lists==1.3",
    "mergedeep==1.3.4",
    "mkdocs-get-deps==0.2.2",
    "mkdocs-github-admonitions-plugin==0.1.1",
    "mkdocs-material-extensions==1.3.1",
    "mkdocs-material==9.7.7",
    "mkdocs-monorepo-plugin==1.1.2",
    "mkdocs-redirects==1.2.3",
    "mkdocs-techdocs-core==1.7.1",
    "mkdocs==1.6.1",
    "packaging==26.3",
    "paginate==0.5.7",
    "pathspec==1.1.1",
    "plantuml-markdown==3.11.2",
    "platformdirs==4.14.7",
    "properdocs==1.6.7",
    "pygments==2.21.0",
    "pymdown-extensions==11.0.1",
    "python-dateutil==4.0.0",
    "python-slugify==9.2.0",
    "pyyaml-env-tag==1.1",
    "pyyaml==6.0.3",
    "requests==2.34.2",
    "text-unidecode==1.3",
    "tzdata==2026.6",
    "urllib3==2.8.0",
    "watchdog==7.1.0",
];

impl TechDocsSettings {
    /// The packages to install; none when it is not enabled.
    pub fn python_packages(&self) -> Vec<String> {
        match (self.enabled, self.packages.as_slice()) {
            (false, _) => Vec::new(),
            (true, []) => PACKAGES.iter().map(|package| (*package).to_owned()).collect(),
            (true, named) => named.to_vec(),
        }
    }

    /// A package without version would be another one tomorrow.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let Some(package) = self.packages.iter().find(|package| !is_pinned(package)) else { return Ok(()) };
        Err(Problem::new(
            SETTINGS,
            format!("the package {package:?}"),
            "packages of the Python index with their versions, such as \"mkdocs-techdocs-core==1.7.1\"",
            "fix `packages` of [techdocs]",
        ))
    }
}

/// PEP 508 and 440, of which only exact versions.
fn is_pinned(package: &str) -> bool {
    let Some((name, version)) = package.split_once("==") else { return false };
    let starts = |text: &str| text.starts_with(|first: char| first.is_ascii_alphanumeric());
    let name_fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.[],".contains(&byte);
    let version_fits = |byte: u8| byte.is_ascii_alphanumeric() || b".+!-_".contains(&byte);
    starts(name) && name.bytes().all(name_fits) && starts(version) && version.bytes().all(version_fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn what_is_installed_by_default_is_sorted_and_has_versions() {
        assert!(PACKAGES.iter().all(|package| is_pinned(package)));
        assert!(PACKAGES.is_sorted());
        assert!(PACKAGES.iter().any(|package| package.starts_with("mkdocs-techdocs-core==")));
    }

    #[test]
    fn nothing_is_installed_unless_it_is_enabled() {
        let packages = |text: &str| Settings::parse(text).unwrap().techdocs.python_packages();
        assert!(packages("[techdocs]\npackages = [\"mkdocs==1.6.1\"]\n").is_empty());
        assert_eq!(packages("[techdocs]\nenabled = true\npackages = [\"mkdocs==1.6.1\"]\n"), ["mkdocs==1.6.1"]);
        assert_eq!(packages("[techdocs]\nenabled = true\n").len(), PACKAGES.len());
    }

    #[test]
    fn a_package_without_version_is_refused() {
        for package in ["mkdocs", "mkdocs>=1", "mkdocs==", "--index-url==x", "mkdocs==1 --pre", "mkdocs==1;true", "==1"]
        {
            let problem =
                Settings::parse(&format!("[techdocs]\npackages = [\"{package}\"]\n")).unwrap_err().to_string();
            assert!(problem.contains("with their versions") && problem.contains("of [techdocs]"), "{problem}");
        }
        for package in ["mkdocs-material[imaging]==9.7.7", "mkdocs==1.6.1+local.2"] {
            assert!(Settings::parse(&format!("[techdocs]\npackages = [\"{package}\"]\n")).is_ok(), "{package}");
        }
    }
}
