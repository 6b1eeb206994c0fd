//! Documents about an image beside it: manifests of artifacts that name it as their subject (OCI image specification
//! 1.1, manifest.md, "Guidelines for Artifact Usage"). The image itself stays as it is.
//!
//! In a layout they are in `index.json`, without a name and with what they are, so that who looks for an image by its
//! name finds it alone.

use serde_json::Value;

use crate::digest::Digest;
use crate::document::{ARTIFACT_TYPE, Descriptor, INDEX, Index, MANIFEST, Manifest, Pairs, json};
use crate::error::ImageError;
use crate::layout::Layout;

/// Media type and content of a configuration that says nothing (manifest.md, "Guidance for an Empty Descriptor").
const EMPTY: (&str, &[u8]) = ("application/vnd.oci.empty.v1+json", b"{}");

/// A document about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Media type of the document.
    pub media_type: String,
    /// The document.
    pub content: Vec<u8>,
    /// What is said about it.
    pub annotations: Pairs,
}

/// The manifest of a document that was attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// The manifest, with the fields that an index has of it.
    pub manifest: Descriptor,
    /// Its configuration and the document.
    pub blobs: Vec<Descriptor>,
}

impl Layout {
    /// Attaches documents to the image with a name. The same document again changes nothing; those about images that
    /// have no name here any more go.
    ///
    /// # Errors
    /// There is no such image, or the layout cannot be written.
    pub fn attach(&self, reference: &str, attachments: &[Attachment]) -> Result<Vec<Referrer>, ImageError> {
        let image = self.image(reference)?.manifest;
        let subject = Descriptor::new(&image.media_type, image.digest, image.size);
        let attached = attachments.iter().map(|one| self.referrer(&subject, one)).collect::<Result<Vec<_>, _>>()?;
        self.list(attached.clone())?;
        Ok(attached)
    }

    /// Puts documents that are in place into the index.
    pub(crate) fn list(&self, referrers: Vec<Referrer>) -> Result<(), ImageError> {
        let mut index = self.index()?;
        let named: Vec<Digest> =
            index.manifests.iter().filter(|one| one.reference().is_some()).map(|one| one.digest.clone()).collect();
        index.manifests.retain(|one| {
            let is_again = referrers.iter().any(|new| new.manifest.digest == one.digest);
            !is_again && (!one.is_artifact() || self.subject(one).is_some_and(|subject| named.contains(&subject)))
        });
        index.manifests.extend(referrers.into_iter().map(|one| one.manifest));
        self.write_index(&index)
    }

    fn referrer(&self, subject: &Descriptor, attachment: &Attachment) -> Result<Referrer, ImageError> {
        let config = self.write_blob(EMPTY.0, EMPTY.1)?;
        let content = self.write_blob(&attachment.media_type, &attachment.content)?;
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: Some(attachment.media_type.clone()),
            config: config.clone(),
            layers: vec![content.clone()],
            subject: Some(subject.clone()),
            annotations: attachment.annotations.clone(),
        };
        let mut manifest = self.write_blob(MANIFEST, &json(&manifest))?;
        manifest.annotations = attachment.annotations.clone();
        manifest.other.insert(ARTIFACT_TYPE.to_owned(), Value::from(attachment.media_type.clone()));
        Ok(Referrer { manifest, blobs: vec![config, content] })
    }

    /// What an artifact of the index is about.
    fn subject(&self, artifact: &Descriptor) -> Option<Digest> {
        let manifest: Manifest = self.read_blob(artifact).ok()?;
        manifest.subject.map(|subject| subject.digest)
    }

    /// The documents about an image.
    pub(crate) fn referrers(&self, image: &Digest) -> Result<Vec<Referrer>, ImageError> {
        let artifacts = self.index()?.manifests.into_iter().filter(Descriptor::is_artifact);
        let about = artifacts.filter(|artifact| self.subject(artifact).as_ref() == Some(image));
        let referrer = |manifest: Descriptor| {
            let Manifest { config, layers, .. } = self.read_blob(&manifest)?;
            Ok(Referrer { manifest, blobs: std::iter::once(config).chain(layers).collect() })
        };
        about.map(referrer).collect()
    }
}

/// The index that lists referrers where a registry does not: `known` is the one that is there already (OCI distribution
/// specification 1.1, "Referrers Tag Schema"). Nothing when `known` is no index.
pub fn referrers_index(referrers: &[Referrer], known: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut index = match known {
        Some(known) => serde_json::from_slice(known).ok()?,
        None => Index::new(Vec::new()),
    };
    index.media_type = Some(INDEX.to_owned());
    index.manifests.retain(|one| referrers.iter().all(|new| new.manifest.digest != one.digest));
    index.manifests.extend(referrers.iter().map(|one| one.manifest.clone()));
    Some(json(&index))
}
