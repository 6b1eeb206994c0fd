//! What a build says of its image: what it was built from, and what it holds.

use std::path::Path;

use anyhow::Result;
use image::{
    Attachment, Pairs,
    provenance::{Dependency, Provenance, STATEMENT},
    sbom::{Inventory, NamedImage, SbomFormat, document},
};
use monorepo::{LOCKFILE, Monorepo, SETTINGS};
use recipe::Recipe;
use sandbox::TypeCheck;
use serde_json::{Map, Value, json};

use crate::console::Console;
use crate::epoch::epoch;
use crate::files::{sha256, write_atomically};
use crate::git::Commit;
use crate::settings::BuildSettings;

/// A root file system or an image that the build stood on.
pub(crate) struct ProvenanceInput {
    /// What for: `base` or `builder`.
    pub(crate) role: &'static str,
    /// Its name, where it has one.
    pub(crate) name: Option<String>,
    /// SHA-256, with or without the algorithm in front.
    pub(crate) digest: String,
}

/// What an engine knows of where an image comes from.
pub(crate) struct Origin {
    /// The engine, as its flag has it.
    pub(crate) engine: &'static str,
    pub(crate) commit: Commit,
    pub(crate) inputs: Vec<ProvenanceInput>,
}

/// What a statement is made of.
pub(crate) struct Statement<'a> {
    pub(crate) settings: &'a BuildSettings,
    pub(crate) repo: &'a Monorepo,
    pub(crate) recipe: &'a Recipe,
    pub(crate) origin: &'a Origin,
}

impl Statement<'_> {
    /// How the image came about.
    pub(crate) fn provenance(&self) -> Result<Provenance> {
        let files = [LOCKFILE, SETTINGS, rootfs::RootLock::FILE].into_iter();
        let files = files.filter(|name| self.repo.root.join(name).is_file());
        let files = files.map(|name| file(&self.repo.root, name)).collect::<Result<Vec<_>>>()?;
        let recipe =
            Dependency { name: "recipe".to_owned(), digest: sha(&self.recipe.fingerprint), ..Dependency::default() };
        let inputs = self.origin.inputs.iter().map(|one| Dependency {
            name: one.role.to_owned(),
            digest: sha(&one.digest),
            annotations: one.name.iter().map(|name| ("name".to_owned(), name.as_str().into())).collect(),
            ..Dependency::default()
        });
        let dependencies = std::iter::once(source(&self.origin.commit)).chain(inputs).chain([recipe]).chain(files);
        Ok(Provenance { parameters: self.parameters(), internal: internal(), dependencies: dependencies.collect() })
    }

    /// The settings that change an image. Mirrors, proxies and certificates do not: what they give is compared with
    /// hashes.
    fn parameters(&self) -> Map<String, Value> {
        let embedded = &self.settings.embedded;
        let all = [
            ("engine", json!(self.origin.engine)),
            ("tag", json!(self.settings.tag)),
            ("backend", json!(self.repo.backend().folder)),
            ("base", json!(self.settings.base)),
            ("runtime", json!(embedded.runtime.map(|kind| format!("{kind:?}").to_lowercase()))),
            ("compression", json!(embedded.compression.map(|method| format!("{method:?}").to_lowercase()))),
            ("keep", json!(embedded.keep)),
            ("typecheck", json!(embedded.typecheck == TypeCheck::Gate)),
        ];
        all.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What the environment chose.
fn internal() -> Map<String, Value> {
    let epoch = epoch().map(|epoch| ("SOURCE_DATE_EPOCH".to_owned(), epoch.into()));
    epoch.into_iter().collect()
}

/// Nothing of a digest that is not known.
fn sha(digest: &str) -> Pairs {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    if hex.is_empty() {
        return Pairs::new();
    }
    Pairs::from([("sha256".to_owned(), hex.to_owned())])
}

fn file(root: &Path, name: &str) -> Result<Dependency> {
    Ok(Dependency { name: name.to_owned(), digest: sha(&sha256(&root.join(name))?), ..Dependency::default() })
}

/// The commit; files that differ from it are said, not hidden.
fn source(commit: &Commit) -> Dependency {
    let revision = commit.revision.as_deref();
    let hash = revision.map(|text| text.trim_end_matches("-dirty"));
    let dirty = revision.map(|text| ("dirty".to_owned(), Value::from(text.ends_with("-dirty"))));
    let uri = commit.source.as_ref().map(|source| match hash {
        Some(hash) => format!("git+{source}@{hash}"),
        None => format!("git+{source}"),
    });
    Dependency {
        name: "source".to_owned(),
        uri,
        digest: hash.map(|hash| ("gitCommit".to_owned(), hash.to_owned())).into_iter().collect(),
        annotations: dirty.into_iter().collect(),
    }
}

/// Writes the statement where the settings ask for it.
pub(crate) fn write(statement: &Statement<'_>, image: &NamedImage, console: &dyn Console) -> Result<()> {
    let Some(path) = &statement.settings.documents.provenance else { return Ok(()) };
    write_atomically(path, &statement.provenance()?.statement(image))?;
    console.message("provenance", json!({ "file": path, "media_type": STATEMENT }));
    Ok(())
}

/// All documents about an image.
pub(crate) fn attachments(
    statement: &Statement<'_>,
    image: &NamedImage,
    inventory: &Inventory,
) -> Result<Vec<Attachment>> {
    let attachment = |media_type: &str, content: Vec<u8>| Attachment {
        media_type: media_type.to_owned(),
        content,
        annotations: Pairs::new(),
    };
    let lists = SbomFormat::ALL.map(|format| attachment(format.media_type(), document(format, image, inventory)));
    let statement = attachment(STATEMENT, statement.provenance()?.statement(image));
    Ok(lists.into_iter().chain([statement]).collect())
}
