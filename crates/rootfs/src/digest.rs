//! Hashes of files, and the ways they are written.

use diagnostics::hexadecimal;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256, Sha512};

use process::EngineError;

/// Bytes read at once.
const BLOCK: usize = 1 << 17;

/// The hash of a file to be fetched: what names it in the cache, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hash {
    /// As in Debian's package index.
    Sha256(String),
    /// As in the npm registry's metadata.
    Sha512(String),
}

impl Hash {
    /// In hexadecimal.
    pub(crate) fn hex(&self) -> &str {
        match self {
            Self::Sha256(hex) | Self::Sha512(hex) => hex,
        }
    }

    /// Whether the file has it; one that cannot be read has not.
    pub(crate) fn fits(&self, file: &Path) -> bool {
        let found = match self {
            Self::Sha256(_) => of_file::<Sha256>(file),
            Self::Sha512(_) => of_file::<Sha512>(file),
        };
        found.is_ok_and(|found| found == self.hex())
    }
}

fn of_file<D: Digest>(file: &Path) -> Result<String, EngineError> {
    let reading = || EngineError::io(format!("reading {}", file.display()));
    let mut source = File::open(file).map_err(reading())?;
    let mut hash = D::new();
    let mut block = vec![0; BLOCK];
    loop {
        match source.read(&mut block).map_err(reading())? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            count => hash.update(&block[..count]),
        }
    }
}

/// SHA-256 of bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Whether a text is a SHA-256 in hexadecimal.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The hash that `sha512-<base 64>` stands for (W3C Subresource Integrity, as npm writes it).
pub(crate) fn of_integrity(text: &str) -> Option<Hash> {
    let bytes = from_base64(text.strip_prefix("sha512-")?)?;
    (bytes.len() == 64).then(|| Hash::Sha512(hexadecimal(&bytes)))
}

/// Decodes base 64 with its standard alphabet (RFC 4648, section 4).
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_decoded() {
        for (text, bytes) in
            [("", &b""[..]), ("Zg==", b"f"), ("Zm8=", b"fo"), ("Zm9v", b"foo"), ("+/+/", b"\xfb\xff\xbf")]
        {
            assert_eq!(from_base64(text).unwrap(), bytes);
        }
        assert_eq!(from_base64("a b"), None);
    }

    #[test]
    fn an_integrity_is_a_sha512() {
        let text = format!("sha512-{}==", "A".repeat(86));
        assert_eq!(of_integrity(&text), Some(Hash::Sha512("0".repeat(128))));
        assert_eq!(of_integrity("sha512-AAAA"), None);
        assert_eq!(of_integrity("sha1-AAAA"), None);
    }
}
