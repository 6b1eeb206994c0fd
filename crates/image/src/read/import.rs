//! Layers of any image, taken into a layout of our own.

use std::io::{self, Read, Write};

use super::decompress::form;
use super::digesting::Digesting;
use super::stored::StoredLayer;
use crate::compress::Compression;
use crate::digest::Digest;
use crate::document::Descriptor;
use crate::error::ImageError;
use crate::layer::Layer;
use crate::layout::Layout;
use crate::verify_blobs::check;

/// Media type of a layer that is not compressed (OCI image specification, layer.md).
const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";

impl Layout {
    /// Takes a layer into this layout, bytes as they are. One that is here already, and is what it should be, stays.
    ///
    /// # Errors
    /// It is not what its digest says, or cannot be read or written.
    pub fn import(&self, layer: &StoredLayer) -> Result<Layer, ImageError> {
        let media_type = media_type(layer)?;
        // The digest of an archive that is not compressed is that of the blob, too.
        let expected = layer.digest.as_ref().or((media_type == PLAIN).then_some(&layer.diff_id));
        let is_here =
            |digest: &&Digest| check(self, &Descriptor::new(&media_type, (*digest).clone(), layer.bytes())).is_ok();
        let digest = match expected.filter(is_here) {
            Some(digest) => digest.clone(),
            None => self.copy(layer, expected)?,
        };
        let diff_id = layer.diff_id.clone();
        Ok(Layer { digest, diff_id, media_type, size: layer.bytes(), uncompressed_size: None })
    }

    fn copy(&self, layer: &StoredLayer, expected: Option<&Digest>) -> Result<Digest, ImageError> {
        let reading = || ImageError::io("copying", &layer.data.name);
        let mut source = Digesting::new(layer.data.reader(), u64::MAX);
        let mut blob = self.new_blob()?;
        io::copy(&mut source, &mut blob).and_then(|_| blob.flush()).map_err(reading())?;
        let (found, ..) = source.finish();
        match expected {
            Some(expected) if *expected != found => {
                Err(ImageError::unexpected(&layer.data.name, expected.as_str(), found.as_str()))
            }
            _ => self.keep_blob(blob, &found).map(|()| found),
        }
    }
}

/// What its blob is: as its manifest says, else as its first bytes do.
fn media_type(layer: &StoredLayer) -> Result<String, ImageError> {
    if let Some(said) = &layer.media_type {
        return Ok(said.clone());
    }
    let mut start = Vec::new();
    let read = layer.data.reader().take(4).read_to_end(&mut start);
    read.map_err(ImageError::io("reading", &layer.data.name))?;
    Ok(form(&start).map_or(PLAIN, Compression::media_type).to_owned())
}
