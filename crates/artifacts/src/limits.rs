//! How much of an archive is read before it is refused.
//!
//! A usual bundle has 840 entries and unpacks to 70 MB. The limits leave room for a repository a
//! few dozen times as large and still end a decompression bomb within seconds.

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Bounds on what one archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Size of the compressed file.
    pub(crate) file: u64,
    /// Size of the decompressed stream.
    pub(crate) unpacked: u64,
    /// Number of entries.
    pub(crate) entries: usize,
    /// Length of one path or link target, in bytes.
    pub(crate) path: u64,
    /// Size of one extended header.
    pub(crate) extension: u64,
    /// Length of all paths and link targets together; they are held in memory.
    pub(crate) paths: u64,
    /// Size of one manifest; manifests are held in memory.
    pub(crate) manifest: u64,
    /// Size of all manifests together.
    pub(crate) manifests: u64,
    /// Size of one file that is searched for secrets.
    pub(crate) searched: u64,
    /// Size of all searched files together.
    pub(crate) searched_together: u64,
    /// Size of one script that is read.
    pub(crate) script: u64,
    /// Size of all scripts that are read, together.
    pub(crate) scripts: u64,
    /// What is kept of all scripts together.
    pub(crate) asked: u64,
    /// Size of one source map that is read; one of them is held in memory at a time.
    pub(crate) source_map: u64,
    /// Size of all source maps that are read together.
    pub(crate) source_maps: u64,
    /// Number of gzip members; each costs a new decoder.
    pub(crate) members: usize,
}

/// For `skeleton.tar.gz`, which holds manifests only.
pub(crate) const SKELETON_LIMITS: Limits = Limits {
    file: 16 * MIB,
    unpacked: 64 * MIB,
    entries: 10_000,
    path: KIB,
    extension: 64 * KIB,
    paths: 4 * MIB,
    manifest: MIB,
    manifests: 16 * MIB,
    searched: 8 * MIB,
    searched_together: 256 * MIB,
    script: MIB,
    scripts: 64 * MIB,
    asked: 8 * MIB,
    source_map: 8 * MIB,
    source_maps: 256 * MIB,
    members: 4096,
};

/// For `bundle.tar.gz`, which holds everything else.
pub(crate) const BUNDLE_LIMITS: Limits = Limits {
    file: 1024 * MIB,
    unpacked: 2048 * MIB,
    entries: 200_000,
    paths: 16 * MIB,
    members: 65_536,
    ..SKELETON_LIMITS
};
