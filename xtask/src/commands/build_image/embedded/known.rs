//! What is known of the last build, so that an equal one has nothing to do.

use std::path::Path;

use anyhow::Result;
use containers::LocalImage;
use image::{ImageDigest, Layer, Layout};

use super::Session;
use super::making::Made;
use crate::commands::build_image::assembly;
use crate::commands::build_image::shared::expected_configuration;
use crate::files::sha256_of;
use crate::state::LastBuild;

impl Session<'_> {
    /// What the image is a function of.
    pub(super) fn fingerprint(&self) -> String {
        let flags = &self.flags.embedded;
        let settings = format!(
            "embedded {:?} {:?} {:?} {} {:?} {}",
            self.compression(),
            flags.keep,
            self.commit,
            flags.no_typecheck,
            assembly::epoch(),
            self.accepted.to_json()
        );
        let ground = [self.ground.builder.digest.as_str(), self.ground.base.digest.as_str()];
        sha256_of([self.recipe.fingerprint.as_str(), &settings].into_iter().chain(ground))
    }

    /// The image of an equal, verified build, when everything it left is still in place.
    pub(super) fn unchanged(&self, fingerprint: &str, artifacts: &Path) -> Option<LocalImage> {
        let last = self.state.last_build().filter(|last| last.fingerprint == fingerprint && !self.flags.no_cache)?;
        if !last.has_archives_in(artifacts) {
            return None;
        }
        let layout = Layout::open(self.layout_folder()).ok()?;
        let image = layout.image(&self.flags.tag).ok()?;
        let same = image.manifest.digest.as_str() == last.image_id;
        let is_intact = same && image::verify_blobs(&layout, &image.blobs()).is_ok();
        is_intact.then(|| self.local_image(&last.image_id, &image.layers, last.size))
    }

    pub(super) fn remember(&self, fingerprint: &str, digest: &ImageDigest, made: &Made) -> Result<()> {
        let archives = made.verification.archives.iter();
        self.state.remember(&LastBuild {
            fingerprint: fingerprint.to_owned(),
            base_id: self.ground.base.digest.clone(),
            ground: String::new(),
            image_id: digest.manifest.as_str().to_owned(),
            size: made.size,
            archives: archives.map(|archive| (archive.name.clone(), archive.sha256.clone())).collect(),
        })
    }

    pub(super) fn local_image(&self, id: &str, layers: &[Layer], size: u64) -> LocalImage {
        let expected = expected_configuration(&self.recipe);
        LocalImage {
            id: id.to_owned(),
            names: vec![self.flags.tag.clone()],
            size,
            layers: layers.iter().map(|layer| layer.diff_id.as_str().to_owned()).collect(),
            user: expected.user,
            working_directory: expected.working_directory,
            environment: expected.environment,
            command: expected.command,
        }
    }
}
