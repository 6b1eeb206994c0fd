//! How much of an image is read before it is refused. A usual one has 35,000 files in 300 MB.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries of the archive that an image comes in.
pub(super) const MEMBERS: usize = 10_000;
/// Layers; engines allow about 125.
pub(super) const LAYERS: usize = 1_000;
/// Entries of all layers together; they are held in memory.
pub(super) const ENTRIES: usize = 3_000_000;
/// Bytes of all paths and link targets together; they are held in memory.
pub(super) const PATHS: u64 = 512 << 20;
/// Bytes of one path or link target (Linux, `PATH_MAX`).
pub(super) const PATH: usize = 4096;
/// Bytes of one extended header.
pub(super) const EXTENSION: u64 = 1 << 20;
/// Bytes of one layer when decompressed.
pub(super) const UNPACKED: u64 = 16 << 30;
/// Bytes of a JSON document; registries refuse larger manifests.
pub(super) const DOCUMENT: u64 = 4 << 20;
/// Bytes that are remembered of the files of one image.
const REMEMBERED: u64 = 512 << 20;
/// Names on the way to all entries together; a usual image has 100,000, so many are a maze of links.
pub(super) const STEPS: u64 = 3_000_000;
/// Links followed on the way to one path, as Linux does (path_resolution(7)).
pub(super) const LINKS: usize = 40;

/// What may still be remembered; shared by the threads that read.
#[derive(Debug)]
pub(crate) struct Memory(AtomicU64);

impl Memory {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(REMEMBERED))
    }

    /// Takes so many bytes of it.
    ///
    /// # Errors
    /// There are not so many left.
    pub(crate) fn take(&self, bytes: u64) -> io::Result<()> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(drop).map_err(|_| io::Error::other("it has more to remember than 512 MiB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_ends() {
        let memory = Memory::new();
        memory.take(REMEMBERED - 1).unwrap();
        assert!(memory.take(2).is_err() && memory.take(1).is_ok() && memory.take(1).is_err());
    }
}
