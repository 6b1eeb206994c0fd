//! Compressed parts of an archive, kept for the next time it is written.

use std::io::Write;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::compress::Compression;
use crate::error::ImageError;

/// Bytes of the digest that a kept part begins with.
const DIGEST: usize = 32;

/// A folder of compressed parts, by what they hold.
#[derive(Debug)]
pub struct PartCache {
    folder: PathBuf,
}

impl PartCache {
    /// The cache in this folder, which is made where it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at(folder: PathBuf) -> Result<Self, ImageError> {
        std::fs::create_dir_all(&folder).map_err(ImageError::io("creating", &folder))?;
        Ok(Self { folder })
    }

    /// The compressed part: kept, or else made and kept. A damaged one is made again; one that cannot be
    /// written is only slower the next time.
    pub(crate) fn compress(&self, compression: Compression, part: &[u8]) -> Result<Vec<u8>, ImageError> {
        let file = self.folder.join(format!("{}-{}", name(part), compression.name()));
        if let Some(kept) = std::fs::read(&file).ok().and_then(intact) {
            touch(&file);
            return Ok(kept);
        }
        let compressed = compression.compress(part)?;
        let _ = self.keep(&file, &compressed);
        Ok(compressed)
    }

    fn keep(&self, file: &std::path::Path, compressed: &[u8]) -> std::io::Result<()> {
        let mut temporary = tempfile::NamedTempFile::new_in(&self.folder)?;
        temporary.write_all(&Sha256::digest(compressed))?;
        temporary.write_all(compressed)?;
        temporary.persist(file)?;
        Ok(())
    }

    /// Removes the parts that were not used since `start`.
    pub fn sweep(&self, start: std::time::SystemTime) {
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let used = entry.metadata().and_then(|metadata| metadata.modified());
            if used.is_ok_and(|used| used < start) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

fn name(part: &[u8]) -> String {
    crate::digest::Digest::of(part).hex().to_owned()
}

/// What was kept, if it is as it was written.
fn intact(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let (digest, part) = bytes.split_at_checked(DIGEST)?;
    (Sha256::digest(part).as_slice() == digest).then(|| bytes.split_off(DIGEST))
}

fn touch(file: &std::path::Path) {
    let _ = std::fs::File::open(file).and_then(|file| file.set_modified(std::time::SystemTime::now()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_part_is_what_compressing_gives_and_a_damaged_one_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PartCache::at(folder.path().join("parts")).unwrap();
        let part = vec![7; 100_000];
        let expected = Compression::Gzip.compress(&part).unwrap();
        assert_eq!(cache.compress(Compression::Gzip, &part).unwrap(), expected);
        assert_eq!(cache.compress(Compression::Gzip, &part).unwrap(), expected);
        let kept = std::fs::read_dir(folder.path().join("parts")).unwrap().next().unwrap().unwrap().path();
        for damage in [&[][..], &[0; 40]] {
            std::fs::write(&kept, damage).unwrap();
            assert_eq!(cache.compress(Compression::Gzip, &part).unwrap(), expected);
        }
        cache.sweep(std::time::SystemTime::now() + std::time::Duration::from_secs(5));
        assert!(!kept.exists());
    }
}
