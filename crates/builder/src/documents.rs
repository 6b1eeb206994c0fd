//! What is written of an image that has its name: documents about it, and the image itself where it was asked for.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::{Digest, Layout, Referrer, export_oci_folder, sbom::Inventory, sbom::NamedImage};

use crate::backend::Backend;
use crate::context::Context;
use crate::driver::{Driver, Named};
use crate::provenance::{self, Statement};
use crate::sbom;

impl<B: Backend> Driver<'_, B> {
    /// Writes the documents that are asked for, and the image to every place; gives a line for each place.
    pub(crate) fn hand_out(&self, named: &Named<B::Image>, scratch: &Path) -> Result<Vec<String>> {
        let Context { settings, repo, recipe, console, .. } = self.context;
        let digest = Digest::try_from(named.local.id.clone()).map_err(anyhow::Error::msg)?;
        let image = NamedImage { name: settings.tag.clone(), digest };
        let inventory = self.inventory(named)?;
        sbom::write(&settings.documents.sbom, &image, &inventory, *console)?;
        if settings.documents.provenance.is_none() && !settings.outputs.is_anywhere() {
            return Ok(vec![self.backend.place()]);
        }
        let origin = self.backend.origin()?;
        let statement = Statement { settings, repo, recipe, origin: &origin };
        provenance::write(&statement, &image, *console)?;
        if !settings.outputs.is_anywhere() {
            return Ok(vec![self.backend.place()]);
        }
        let layout = self.backend.layout(&named.image, scratch)?;
        let (layout, referrers) = if settings.outputs.attest {
            attest(&layout, &statement, &image, &inventory, scratch)?
        } else {
            (layout, Vec::new())
        };
        self.publisher.image(&layout, &referrers, scratch)
    }

    fn inventory(&self, named: &Named<B::Image>) -> Result<Inventory> {
        let settings = self.context.settings;
        if settings.documents.sbom.is_empty() && !settings.outputs.attest {
            return Ok(Inventory::default());
        }
        let stored = named.stored.as_ref().context("reading the image for the documents about it")?;
        self.verifier.inventory(stored)
    }
}

/// A layout in which documents go with the image, by the digest that it has there; the engine's own holds the image
/// alone.
fn attest(
    layout: &Layout,
    statement: &Statement<'_>,
    image: &NamedImage,
    inventory: &Inventory,
    scratch: &Path,
) -> Result<(Layout, Vec<Referrer>)> {
    let folder = scratch.join("attested");
    let image = &NamedImage { digest: layout.image(&image.name)?.manifest.digest, ..image.clone() };
    export_oci_folder(layout, &image.name, &folder)?;
    let attested = Layout::open(folder)?;
    let referrers = attested.attach(&image.name, &provenance::attachments(statement, image, inventory)?)?;
    Ok((attested, referrers))
}
