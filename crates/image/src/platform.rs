//! What an image runs on.

/// A C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// That of Debian, and of most others.
    Glibc,
    /// That of Alpine.
    Musl,
}

/// What an image runs on. The system is Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// Kind of processor, by Node's names: `x64`, `arm64`.
    pub cpu: String,
    /// C library, when it is known.
    pub libc: Option<Libc>,
    /// `NODE_MODULE_VERSION` of its Node, when it is known.
    pub module_version: Option<u32>,
}
