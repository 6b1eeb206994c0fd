//! Yarn's settings: `.yarnrc.yml`, and the release the repository runs.

use std::collections::BTreeSet;
use std::path::Path;

use diagnostics::Problem;
use serde::Deserialize;

use crate::manifest::Manifest;
use crate::tree::Tree;
use crate::variables::referenced_variables;

/// The settings file's name.
pub const YARNRC: &str = ".yarnrc.yml";

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Yarnrc {
    yarn_path: Option<String>,
    node_linker: Option<String>,
    cache_folder: Option<String>,
    enable_global_cache: Option<bool>,
    npm_registry_server: Option<String>,
    https_ca_file_path: Option<String>,
    plugins: Vec<Plugin>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a plugin is neither a path nor an object with `path`")]
enum Plugin {
    Path(String),
    Described { path: String },
}

/// Where the Yarn that builds comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum YarnRelease {
    /// A file in the repository (`yarnPath`).
    Committed {
        /// Path relative to the root.
        path: String,
    },
    /// Only named by `packageManager`: fetched as `@yarnpkg/cli-dist` from the npm registry.
    Registry {
        /// Exact version.
        version: String,
        /// Hash of the release as corepack writes it, such as `sha224.ab…`.
        hash: Option<String>,
    },
}

impl YarnRelease {
    /// In words, with the file that says so.
    pub fn described(&self) -> String {
        match self {
            Self::Committed { path } => format!("Yarn of {path}"),
            Self::Registry { version, .. } => format!("Yarn {version} (packageManager of package.json)"),
        }
    }
}

/// What the repository says about Yarn.
#[derive(Debug, Clone)]
pub struct YarnSettings {
    /// The release to run.
    pub release: YarnRelease,
    /// Files of plugins.
    pub plugins: Vec<String>,
    /// A cache inside the repository, committed for offline installs.
    pub committed_cache: Option<String>,
    /// `npmRegistryServer`, when set.
    pub registry: Option<String>,
    /// A CA file inside the repository that Yarn is told to use.
    pub ca_file: Option<String>,
    /// Names of the environment variables that `.yarnrc.yml` or `.npmrc` refer to as `${NAME}`.
    pub variables: BTreeSet<String>,
    /// Whether there is an `.npmrc` that holds no literal credential.
    pub npmrc: bool,
}

impl YarnSettings {
    /// Reads `.yarnrc.yml` and `.npmrc` under `root` and the root manifest's `packageManager`.
    ///
    /// # Errors
    /// A settings file is broken, the linker is not `node-modules`, no release is named, or
    /// `.npmrc` holds a credential.
    pub fn read(root: &Path, manifest: &Manifest, tree: &Tree) -> Result<Self, Problem> {
        let text = read_optional(root, YARNRC)?;
        let rc = parse(&text)?;
        require_node_modules(&rc, &text)?;
        let npmrc = read_optional(root, ".npmrc")?;
        refuse_credentials(".npmrc", &npmrc)?;
        refuse_credentials(YARNRC, &text)?;
        let mut variables = referenced_variables(&text);
        variables.extend(referenced_variables(&npmrc));
        let cache = rc.cache_folder.clone().unwrap_or_else(|| ".yarn/cache".to_owned());
        let cache = cache.trim_start_matches("./").to_owned();
        Ok(Self {
            release: release(&rc, manifest, tree)?,
            plugins: rc.plugins.iter().map(plugin_path).collect(),
            committed_cache: (rc.enable_global_cache == Some(false) && tree.contains(&cache)).then_some(cache),
            registry: rc.npm_registry_server,
            ca_file: rc.https_ca_file_path.filter(|path| tree.contains(path)),
            variables,
            npmrc: tree.get(".npmrc").is_some(),
        })
    }
}

fn read_optional(root: &Path, name: &str) -> Result<String, Problem> {
    match std::fs::read_to_string(root.join(name)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Problem::unreadable(Path::new(name), &error)),
    }
}

fn parse(text: &str) -> Result<Yarnrc, Problem> {
    if text.trim().is_empty() {
        return Ok(Yarnrc::default());
    }
    crate::yaml::parse(YARNRC, text, "Yarn's settings as YAML")
}

fn require_node_modules(rc: &Yarnrc, text: &str) -> Result<(), Problem> {
    let found = match rc.node_linker.as_deref() {
        Some("node-modules") => return Ok(()),
        Some(other) => format!("nodeLinker: {other}"),
        None if text.is_empty() => "no such file or an empty one, which means Plug'n'Play".to_owned(),
        None => "no nodeLinker, which means Plug'n'Play".to_owned(),
    };
    let problem = Problem::new(
        YARNRC,
        found,
        "nodeLinker: node-modules; the Backstage CLI and its production install need a node_modules folder",
        "set it with `yarn config set nodeLinker node-modules && yarn install`, then commit yarn.lock and .yarnrc.yml",
    );
    Err(match text.lines().position(|line| line.trim_start().starts_with("nodeLinker")) {
        Some(index) => problem.at(index + 1, 1),
        None => problem,
    })
}

fn plugin_path(plugin: &Plugin) -> String {
    match plugin {
        Plugin::Path(path) | Plugin::Described { path } => path.trim_start_matches("./").to_owned(),
    }
}

fn release(rc: &Yarnrc, manifest: &Manifest, tree: &Tree) -> Result<YarnRelease, Problem> {
    if let Some(path) = &rc.yarn_path {
        let path = path.trim_start_matches("./").to_owned();
        if tree.get(&path).is_some() {
            return Ok(YarnRelease::Committed { path });
        }
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        return Err(Problem::new(
            YARNRC,
            format!("yarnPath: {path}, which is not in the repository"),
            "a committed Yarn release",
            format!(
                "commit it (where .gitignore has `.yarn/*`, add `!{folder}` below), or remove yarnPath and keep packageManager"
            ),
        ));
    }
    let named = manifest.package_manager.as_deref();
    let Some(version) = named.and_then(|named| named.strip_prefix("yarn@")).filter(|version| is_modern(version)) else {
        return Err(Problem::new(
            "package.json",
            named.map_or_else(
                || "neither packageManager nor yarnPath".to_owned(),
                |named| format!("\"packageManager\": \"{named}\""),
            ),
            "\"packageManager\": \"yarn@4.x.y\", or yarnPath in .yarnrc.yml",
            "set it with `yarn set version stable`",
        ));
    };
    let (version, hash) = match version.split_once('+') {
        Some((version, hash)) => (version, Some(hash.to_owned())),
        None => (version, None),
    };
    Ok(YarnRelease::Registry { version: version.to_owned(), hash })
}

/// Whether this is one exact version of Yarn 2 or later, as corepack wants it: a range would be another
/// Yarn tomorrow.
fn is_modern(version: &str) -> bool {
    let numbers = version.split(['+', '-']).next().unwrap_or(version);
    let numbers: Vec<_> = numbers.split('.').map(str::parse::<u32>).collect();
    matches!(numbers.as_slice(), [Ok(2..), Ok(_), Ok(_)])
}

/// Both settings files are copied into the builder; a credential written in one would land in a layer.
fn refuse_credentials(file: &str, text: &str) -> Result<(), Problem> {
    const KEYS: &[&str] = &["_authToken", "_auth", "_password", "npmAuthToken", "npmAuthIdent"];
    let separator = if file == YARNRC { ": " } else { "=" };
    for (index, line) in text.lines().enumerate() {
        let Some((key, value)) = line.split_once(separator).map(|(key, value)| (key.trim(), value.trim())) else {
            continue;
        };
        let is_comment = key.starts_with(['#', ';']);
        let is_credential = !is_comment && KEYS.iter().any(|name| key.trim_matches(['"', '\'']).ends_with(name));
        let value = value.trim_matches(['"', '\'']);
        if is_credential && !value.is_empty() && !value.starts_with("${") {
            return Err(Problem::new(
                file,
                format!("a credential in clear text ({key})"),
                "a reference to an environment variable",
                format!(
                    "write `{key}{separator}${{NPM_TOKEN}}`, and make the old one invalid; NPM_TOKEN is then passed as a build secret"
                ),
            )
            .at(index + 1, 1));
        }
    }
    Ok(())
}
