//! Content hashes of inputs and steps.

use std::collections::BTreeMap;

use diagnostics::hexadecimal;
use monorepo::{Monorepo, install_manifest, production_manifest};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::step::{Inputs, ManifestForm, Step, StepId};

/// SHA-256 of a value's JSON form, in hexadecimal.
pub(crate) fn digest_of(value: &impl Serialize) -> String {
    let text = serde_json::to_vec(value).unwrap_or_default();
    hexadecimal(&Sha256::digest(text))
}

/// Hashes what a step reads: manifests in their reduced form, files by name, mode and content.
pub(crate) fn inputs(
    repo: &Monorepo,
    manifests: ManifestForm,
    manifest_folders: Vec<String>,
    paths: Vec<String>,
) -> Inputs {
    let mut hash = Sha256::new();
    let mut files = 0;
    for folder in &manifest_folders {
        hash.update(format!("{folder}\0{}\0", reduced_manifest(repo, manifests, folder)));
        files += 1;
    }
    for path in &paths {
        for (name, file) in repo.tree.under(path) {
            hash.update(name);
            hash.update([0, u8::from(file.executable)]);
            hash.update(file.digest);
            files += 1;
        }
    }
    Inputs { manifests, manifest_folders, paths, outputs: Vec::new(), files, digest: hexadecimal(&hash.finalize()) }
}

/// The reduced manifests that a step reads: path and text, as [`crate::render`]'s own script writes them.
pub fn reduced_manifests(repo: &Monorepo, inputs: &Inputs) -> Vec<(String, String)> {
    let manifest = |folder: &String| {
        let path = if folder == "." { "package.json".to_owned() } else { format!("{folder}/package.json") };
        let value = reduced_manifest(repo, inputs.manifests, folder);
        (path, serde_json::to_string_pretty(&value).unwrap_or_default())
    };
    inputs.manifest_folders.iter().map(manifest).collect()
}

fn reduced_manifest(repo: &Monorepo, form: ManifestForm, folder: &str) -> Value {
    let workspace = repo.workspaces.iter().find(|workspace| workspace.folder == folder);
    match (form, workspace) {
        (ManifestForm::Production, Some(workspace)) => production_manifest(&workspace.manifest.raw),
        (_, Some(workspace)) => install_manifest(&workspace.manifest.raw),
        (_, None) => install_manifest(&repo.manifest.raw),
    }
}

/// Fills in every step's fingerprint; steps come after what they need.
pub(crate) fn seal(steps: &mut [Step], base_image: &str) {
    let mut known: BTreeMap<StepId, String> = BTreeMap::new();
    for step in steps {
        let needs: Vec<_> = step.needs.iter().filter_map(|id| known.get(id)).collect();
        step.fingerprint = digest_of(&(&*step, needs, base_image));
        known.insert(step.id.clone(), step.fingerprint.clone());
    }
}
