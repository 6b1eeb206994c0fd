//! Compression in independent parts, so that threads can work side by side: a gzip file may have many
//! members (RFC 1952, section 2.2), a zstd file many frames (RFC 8878, section 3.1).

use std::io::Write;

use flate2::GzBuilder;
use serde::{Deserialize, Serialize};

use crate::error::ImageError;

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Level 6: every engine and registry reads it.
    Gzip,
    /// Level 3: smaller and several times faster; Docker 20.10 cannot load it. Only with the feature
    /// `zstd` of this crate.
    Zstd,
}

/// The first bytes of a gzip member name an operating system: unknown (RFC 1952, section 2.3.1).
const UNKNOWN_SYSTEM: u8 = 255;
const GZIP_LEVEL: u32 = 6;
#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 3;

impl Compression {
    /// Media type of a layer (OCI image specification, layer.md).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Compresses a part. The same bytes give the same result, on every machine.
    pub(crate) fn compress(self, part: &[u8]) -> Result<Vec<u8>, ImageError> {
        let result = match self {
            Self::Gzip => gzip(part),
            Self::Zstd => return zstd(part),
        };
        result.map_err(|source| ImageError::Io { doing: "compressing".to_owned(), source })
    }
}

fn gzip(part: &[u8]) -> std::io::Result<Vec<u8>> {
    let target = Vec::with_capacity(part.len() / 2 + 1024);
    let level = flate2::Compression::new(GZIP_LEVEL);
    let mut encoder = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM).write(target, level);
    encoder.write_all(part)?;
    encoder.finish()
}

#[cfg(feature = "zstd")]
fn zstd(part: &[u8]) -> Result<Vec<u8>, ImageError> {
    zstd::bulk::compress(part, ZSTD_LEVEL).map_err(|source| ImageError::Io { doing: "compressing".to_owned(), source })
}

#[cfg(not(feature = "zstd"))]
fn zstd(_: &[u8]) -> Result<Vec<u8>, ImageError> {
    Err(ImageError::refused("this program was built without zstd", "build it with the feature `zstd`, or use gzip"))
}
