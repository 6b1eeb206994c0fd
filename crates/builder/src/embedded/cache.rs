//! What is known of the last build, so that an equal one has nothing to do.

use containers::LocalImage;
use image::{Layer, Layout};
use sandbox::Gates;

use super::EmbeddedBackend;
use crate::context::Context;
use crate::epoch::epoch;
use crate::files::sha256_of;
use crate::shippable::expected_configuration;
use crate::state::LastBuild;

/// What the image is a function of.
pub(super) fn fingerprint(backend: &EmbeddedBackend<'_>) -> String {
    let Context { settings, recipe, .. } = backend.context;
    let parts = format!(
        "embedded {:?} {:?} {:?} {} {:?} {}",
        backend.compression(),
        settings.embedded.keep,
        backend.commit,
        settings.embedded.gates == Gates::Open,
        epoch(),
        settings.accepted.to_json()
    );
    let roots = [backend.roots.builder.digest.as_str(), backend.roots.base.digest.as_str()];
    sha256_of([recipe.fingerprint.as_str(), &parts].into_iter().chain(roots))
}

/// The image of a verified build, when its layout is still what it was.
pub(super) fn find(backend: &EmbeddedBackend<'_>, last: &LastBuild) -> Option<LocalImage> {
    let layout = Layout::open(backend.layout_folder()).ok()?;
    let image = layout.image(&backend.context.settings.tag).ok()?;
    let same = image.manifest.digest.as_str() == last.image_id;
    let is_intact = same && image::verify_blobs(&layout, &image.blobs()).is_ok();
    is_intact.then(|| local_image(backend.context, &last.image_id, &image.layers, last.size))
}

/// The image with its name, as engines describe one.
pub(super) fn local_image(context: &Context<'_>, id: &str, layers: &[Layer], size: u64) -> LocalImage {
    let expected = expected_configuration(&context.recipe);
    LocalImage {
        id: id.to_owned(),
        names: vec![context.settings.tag.clone()],
        size,
        layers: layers.iter().map(|layer| layer.diff_id.as_str().to_owned()).collect(),
        user: expected.user,
        working_directory: expected.working_directory,
        environment: expected.environment,
        command: expected.command,
    }
}
