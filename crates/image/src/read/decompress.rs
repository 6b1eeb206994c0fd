//! Layers as they come: gzip of many members, zstd of many frames, or plain tar. The first bytes decide, since
//! Docker's archives do not say it.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::compress::Compression;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Bytes read at once.
const BUFFER: usize = 1 << 17;

/// How an archive is compressed, if it is, by its first bytes.
pub(super) fn form(start: &[u8]) -> Option<Compression> {
    if start.starts_with(GZIP) {
        return Some(Compression::Gzip);
    }
    start.starts_with(ZSTD).then_some(Compression::Zstd)
}

/// A layer's archive, decompressed.
pub(super) struct Decompressed<R: Read>(Form<R>);

enum Form<R: Read> {
    Plain(BufReader<R>),
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
    Zstd(Box<Frames<BufReader<R>>>),
}

impl<R: Read> Decompressed<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// The source cannot be read.
    pub(super) fn new(source: R) -> io::Result<Self> {
        let mut source = BufReader::with_capacity(BUFFER, source);
        let compression = form(source.fill_buf()?);
        Ok(Self(match compression {
            Some(Compression::Gzip) => Form::Gzip(Box::new(MultiGzDecoder::new(source))),
            Some(Compression::Zstd) => Form::Zstd(Box::new(Frames(State::Between(source)))),
            None => Form::Plain(source),
        }))
    }

    /// The reader below.
    pub(super) fn into_inner(self) -> Option<R> {
        match self.0 {
            Form::Plain(source) => Some(source.into_inner()),
            Form::Gzip(decoder) => Some(decoder.into_inner().into_inner()),
            Form::Zstd(frames) => match frames.0 {
                State::Between(source) => Some(source.into_inner()),
                State::Within(decoder) => Some(decoder.into_inner().into_inner()),
                State::Failed => None,
            },
        }
    }
}

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Form::Plain(source) => source.read(buffer),
            Form::Gzip(decoder) => decoder.read(buffer),
            Form::Zstd(frames) => frames.read(buffer),
        }
    }
}

/// Zstd frames one after the other (RFC 8878, section 3.1); the library decodes a single one.
struct Frames<R: Read>(State<R>);

enum State<R: Read> {
    Between(R),
    Within(Box<StreamingDecoder<R, FrameDecoder>>),
    Failed,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0 = match std::mem::replace(&mut self.0, State::Failed) {
                State::Failed => return Err(io::Error::other("damaged zstd data")),
                State::Between(mut source) => {
                    if source.fill_buf()?.is_empty() {
                        self.0 = State::Between(source);
                        return Ok(0);
                    }
                    State::Within(Box::new(StreamingDecoder::new(source).map_err(io::Error::other)?))
                }
                State::Within(mut decoder) => {
                    let read = decoder.read(buffer)?;
                    if read > 0 || buffer.is_empty() {
                        self.0 = State::Within(decoder);
                        return Ok(read);
                    }
                    State::Between(decoder.into_inner())
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn read(blob: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Decompressed::new(blob)?.read_to_end(&mut bytes).map(|_| bytes)
    }

    #[test]
    fn parts_are_joined_whatever_their_form() {
        let parts: [&[u8]; 2] = [&[b'a'; 200_000], &[b'b'; 7]];
        let gzip = |part: &[u8]| {
            let mut member = Vec::new();
            flate2::read::GzEncoder::new(part, flate2::Compression::default()).read_to_end(&mut member).unwrap();
            member
        };
        let zstd = |part: &[u8]| compress_to_vec(part, CompressionLevel::Fastest);
        assert_eq!(read(&parts.map(gzip).concat()).unwrap(), parts.concat());
        assert_eq!(read(&parts.map(zstd).concat()).unwrap(), parts.concat());
        assert_eq!(read(&parts.concat()).unwrap(), parts.concat());
        assert_eq!(read(b"").unwrap(), b"");
    }

    #[test]
    fn a_damaged_frame_ends_the_reading() {
        let mut blob = compress_to_vec(&[b'a'; 1000][..], CompressionLevel::Fastest);
        blob.extend(b"no frame");
        assert!(read(&blob).is_err());
        assert!(read(&ZSTD[..3]).is_ok(), "too short to tell");
        assert!(read(ZSTD).is_err());
    }
}
