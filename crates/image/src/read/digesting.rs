//! Digests of what is read on the way.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// Hashes and counts what passes, up to a limit.
pub(super) struct Digesting<R> {
    inner: R,
    hash: Sha256,
    count: u64,
    limit: u64,
}

impl<R> Digesting<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, hash: Sha256::new(), count: 0, limit }
    }

    /// The digest and the number of the bytes that passed, and the reader below.
    pub(super) fn finish(self) -> (Digest, u64, R) {
        (Digest::finish(self.hash), self.count, self.inner)
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.count += read as u64;
        if self.count > self.limit {
            return Err(io::Error::other(format!("it is larger than {} bytes", self.limit)));
        }
        Ok(read)
    }
}
