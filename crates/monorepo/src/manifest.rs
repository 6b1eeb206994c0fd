//! `package.json` as Yarn and the Backstage CLI read it.

use std::collections::BTreeMap;
use std::path::Path;

use diagnostics::Problem;
use serde::Deserialize;
use serde_json::Value;

use crate::role::Role;

/// A dependency map: package name to range.
pub type Dependencies = BTreeMap<String, String>;

/// The fields of a `package.json` that decide a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Manifest {
    /// Package name.
    pub name: Option<String>,
    /// `dependencies`.
    pub dependencies: Dependencies,
    /// `devDependencies`.
    pub dev_dependencies: Dependencies,
    /// `optionalDependencies`.
    pub optional_dependencies: Dependencies,
    /// `peerDependencies`.
    pub peer_dependencies: Dependencies,
    /// Version overrides; Yarn reads them from the root manifest only.
    pub resolutions: Dependencies,
    /// The `backstage` field.
    pub backstage: BackstageField,
    /// Backstage: the package carries its dependencies inside its output.
    pub bundled: bool,
    /// Lifecycle and other scripts.
    pub scripts: BTreeMap<String, String>,
    /// Files to pack; `None` packs everything.
    pub files: Option<Vec<String>>,
    /// Globs of workspace folders.
    pub workspaces: Option<WorkspacesField>,
    /// `name@version[+hash]` of the package manager (corepack).
    pub package_manager: Option<String>,
    /// Supported versions of Node.
    pub engines: BTreeMap<String, String>,
    /// The manifest as it is, for what is copied through unread.
    #[serde(skip)]
    pub raw: Value,
}

/// The `backstage` field of a manifest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BackstageField {
    /// What kind of package this is.
    pub role: Option<String>,
}

/// `workspaces` is a list, or an object that holds one.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "invalid type: something else, expected a list of globs or an object with \"packages\"")]
pub enum WorkspacesField {
    /// `"workspaces": ["packages/*"]`
    List(Vec<String>),
    /// `"workspaces": {"packages": ["packages/*"]}`
    Object {
        /// The globs.
        packages: Vec<String>,
    },
}

impl WorkspacesField {
    /// The globs, in the order written.
    pub fn globs(&self) -> &[String] {
        match self {
            Self::List(globs) | Self::Object { packages: globs } => globs,
        }
    }
}

impl Manifest {
    /// Reads the manifest at `root`/`path`.
    ///
    /// # Errors
    /// The file is missing, is not JSON, or a field has another type than npm documents.
    pub fn read(root: &Path, path: &str) -> Result<Self, Problem> {
        let file = root.join(path);
        let text = std::fs::read_to_string(&file).map_err(|error| Problem::unreadable(&file, &error))?;
        Self::parse(path, &text)
    }

    /// Parses the text of a manifest; `path` is for messages only.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn parse(path: &str, text: &str) -> Result<Self, Problem> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let raw: Value = serde_json::from_str(text).map_err(|error| wrong(path, text, &error))?;
        if !raw.is_object() {
            return Err(problem(path, "JSON that is not an object", A_MANIFEST));
        }
        let manifest: Self = serde_json::from_str(text).map_err(|error| wrong(path, text, &error))?;
        Ok(Self { raw, ..manifest })
    }

    /// The package's role, when it has one that the Backstage CLI knows.
    pub fn role(&self) -> Option<Role> {
        self.backstage.role.as_deref().and_then(Role::parse)
    }

    /// What the production workspace of this package depends on
    /// (`cli-node`'s `publishedLocalDependencies`).
    pub fn published_dependencies(&self) -> impl Iterator<Item = (&String, &String)> {
        self.dependencies.iter().chain(&self.optional_dependencies)
    }

    /// Everything an import in the package's sources may name.
    pub fn all_dependencies(&self) -> impl Iterator<Item = (&String, &String)> {
        self.published_dependencies().chain(&self.peer_dependencies).chain(&self.dev_dependencies)
    }

    /// The script of this name.
    pub fn script(&self, name: &str) -> Option<&str> {
        self.scripts.get(name).map(String::as_str)
    }
}

/// What a `package.json` is.
const A_MANIFEST: &str = "a JSON object with the fields of package.json";

fn problem(path: &str, found: impl Into<String>, expected: &str) -> Problem {
    Problem::new(path, found, expected, format!("fix it, then try `node -p 'require(\"./{path}\").name'`"))
}

fn wrong(path: &str, text: &str, error: &serde_json::Error) -> Problem {
    if text.trim().is_empty() {
        return problem(path, "an empty file", A_MANIFEST);
    }
    let message = error.to_string();
    let message = message.rfind(" at line ").map_or(message.as_str(), |end| &message[..end]);
    let of_type = message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "));
    let problem = match of_type {
        Some((found, expected)) => problem(path, found, expected),
        None => problem(path, format!("broken JSON ({message})"), A_MANIFEST),
    };
    problem.at(error.line(), error.column().max(1))
}
