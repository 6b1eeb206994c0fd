//! What is written about the image: in files, and beside it.

use std::path::Path;

use anyhow::Result;
use image::{
    ImageError, Layout, Referrer, StoredImage, export_oci_folder,
    sbom::{Inventory, NamedImage},
};

use super::Session;
use crate::commands::build_image::evidence::{self, Foundation, Origin};
use crate::commands::build_image::image_check::ImageCheck;
use crate::sbom;

impl Session<'_> {
    /// Writes what is asked for about the image. With `--attest` gives a layout in which documents go with it; ours
    /// holds the image alone.
    pub(super) fn document(&self, layout: &Layout, scratch: &Path) -> Result<Option<(Layout, Vec<Referrer>)>> {
        let (flags, attest) = (self.flags, self.flags.embedded.attest);
        let digest = layout.image(&flags.tag)?.manifest.digest;
        let image = NamedImage { name: flags.tag.clone(), digest };
        let inventory = if attest || !flags.sbom.is_empty() { self.inventory(layout)? } else { Inventory::default() };
        sbom::write(&flags.sbom, &image, &inventory, self.printer)?;
        let (base, builder) = (&self.ground.base, &self.ground.builder);
        let foundations = [
            Foundation { role: "base", name: Some(&base.name), digest: &base.digest },
            Foundation { role: "builder", name: None, digest: &builder.digest },
        ];
        let origin = Origin {
            flags,
            repo: &self.repo,
            recipe: &self.recipe,
            commit: &self.commit,
            engine: "embedded",
            foundations: &foundations,
        };
        evidence::write(flags, &origin, &image, self.printer)?;
        if !attest {
            return Ok(None);
        }
        let folder = scratch.join("attested");
        export_oci_folder(layout, &flags.tag, &folder)?;
        let attested = Layout::open(folder)?;
        let referrers = attested.attach(&flags.tag, &evidence::attachments(&origin, &image, &inventory)?)?;
        Ok(Some((attested, referrers)))
    }

    fn inventory(&self, layout: &Layout) -> Result<Inventory> {
        let image = StoredImage::in_folder(layout.folder(), Some(&self.flags.tag))?;
        ImageCheck::new(self.flags, &self.repo, &self.accepted, self.state).inventory(&image)
    }

    /// Notes what is in the image, when somebody wants to know. That an image cannot be read is for the verifier to
    /// say.
    pub(super) fn take_stock(&self, image: impl FnOnce() -> Result<StoredImage, ImageError>) {
        if self.story.is_wanted() {
            let check = ImageCheck::new(self.flags, &self.repo, &self.accepted, self.state);
            let contents = image().map_err(anyhow::Error::from).and_then(|image| check.contents(&image));
            self.story.holds(contents.unwrap_or_default());
        }
    }
}
