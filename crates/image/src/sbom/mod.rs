//! What an image is made of, for those who must know: packages of npm and Debian, Node and the workspaces, found
//! in its files, as a CycloneDX 1.6 or an SPDX 2.3 document.
//!
//! A document is a function of the image: the same image gives the same bytes.

mod cyclonedx;
mod debian;
mod inventory;
pub(crate) mod licence;
mod npm;
mod purl;
mod spdx;

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::document::json;

pub use inventory::Inventory;
pub(crate) use inventory::inventory;

/// Who writes the documents.
pub(crate) const TOOL: &str = "backstage-xtask";

/// The form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SbomFormat {
    /// CycloneDX 1.6 as JSON (ECMA-424).
    CycloneDx,
    /// SPDX 2.3 as JSON (ISO/IEC 5962).
    Spdx,
}

impl SbomFormat {
    /// Every form there is.
    pub const ALL: [Self; 2] = [Self::CycloneDx, Self::Spdx];

    /// The form that a file's name asks for: `*.spdx.json` is SPDX, all else CycloneDX (SPDX 2.3, 4.2, and the
    /// file names that the CycloneDX specification recommends).
    pub fn of_file(name: &str) -> Self {
        if name.ends_with(".spdx.json") { Self::Spdx } else { Self::CycloneDx }
    }

    /// Media type of the document.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::CycloneDx => "application/vnd.cyclonedx+json",
            Self::Spdx => "application/spdx+json",
        }
    }
}

/// What kind of thing a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ComponentKind {
    /// A package of Debian.
    Debian,
    /// Node.
    Node,
    /// A workspace of the repository.
    Workspace,
    /// A package of npm.
    Npm,
}

/// One thing that an image holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Component {
    /// Its package URL, or another text that nothing else in the image has.
    pub(crate) id: String,
    pub(crate) kind: ComponentKind,
    pub(crate) name: String,
    pub(crate) version: String,
    /// What it says of its licence, as it says it.
    pub(crate) licences: Vec<String>,
    /// Yarn's checksum: of its own archive of the package, not of the registry's.
    pub(crate) checksum: Option<String>,
    /// By their ids.
    pub(crate) depends_on: BTreeSet<String>,
}

impl Component {
    /// Its package URL; a workspace, which no registry has, has none.
    pub(crate) fn purl(&self) -> Option<&str> {
        (self.kind != ComponentKind::Workspace).then_some(&self.id)
    }

    /// How vulnerability databases call it, where they do so by another name than its package URL.
    pub(crate) fn cpe(&self) -> Option<String> {
        (self.kind == ComponentKind::Node).then(|| format!("cpe:2.3:a:nodejs:node.js:{}:*:*:*:*:*:*:*", self.version))
    }
}

/// The image that a document is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedImage {
    /// Its name.
    pub name: String,
    /// What it is known by: the digest of its manifest, or Docker's id.
    pub digest: Digest,
}

impl NamedImage {
    /// A UUID that is a function of the image and the form (RFC 9562, version 8).
    pub(crate) fn uuid(&self, format: SbomFormat) -> String {
        let digest = Digest::of(format!("{} {}", format.media_type(), self.digest).as_bytes());
        let hex = digest.hex();
        format!("{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }
}

/// The document, which ends with a new line.
pub fn document(format: SbomFormat, subject: &NamedImage, inventory: &Inventory) -> Vec<u8> {
    let document = match format {
        SbomFormat::CycloneDx => cyclonedx::document(subject, inventory),
        SbomFormat::Spdx => spdx::document(subject, inventory),
    };
    let mut text = json(&document);
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_file_says_the_form() {
        assert_eq!(SbomFormat::of_file("a.spdx.json"), SbomFormat::Spdx);
        for other in ["bom.json", "a.cdx.json", "spdx.json", "x"] {
            assert_eq!(SbomFormat::of_file(other), SbomFormat::CycloneDx, "{other}");
        }
    }

    #[test]
    fn an_image_has_one_uuid_for_each_form() {
        let subject = |text: &str| NamedImage { name: "a".to_owned(), digest: Digest::of(text.as_bytes()) };
        let uuid = subject("x").uuid(SbomFormat::Spdx);
        assert_eq!(uuid, subject("x").uuid(SbomFormat::Spdx));
        assert_ne!(uuid, subject("y").uuid(SbomFormat::Spdx));
        assert_ne!(uuid, subject("x").uuid(SbomFormat::CycloneDx));
        assert_eq!((uuid.len(), &uuid[14..15], &uuid[19..20]), (36, "8", "a"));
    }
}
