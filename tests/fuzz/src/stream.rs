//! Archives that are right on the outside.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::Header;

const BLOCK: usize = 512;

/// Packed without searching for repetitions, which takes the longest.
pub(crate) fn gzip(stream: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(stream).and_then(|()| encoder.finish()).expect("memory takes everything")
}

/// A tar stream whose headers have the right checksums, and which has an end.
pub(crate) fn with_checksums(stream: &[u8]) -> Vec<u8> {
    let mut stream = stream.to_vec();
    stream.resize(stream.len().next_multiple_of(BLOCK), 0);
    let mut rest = &mut stream[..];
    while let Some((block, data)) =
        rest.split_at_mut_checked(BLOCK).filter(|(block, _)| block.iter().any(|byte| *byte != 0))
    {
        let mut header = Header::from_byte_slice(block).clone();
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
        let size = header.entry_size().ok().and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
        let size = size.checked_next_multiple_of(BLOCK).unwrap_or(usize::MAX);
        rest = data.split_at_mut_checked(size).map_or(&mut [], |(_, rest)| rest);
    }
    stream.resize(stream.len() + 2 * BLOCK, 0);
    stream
}
