//! One frame of Zstandard, where the library in C cannot be built: in a browser.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// What frames that say nothing begin with: four bytes, and the length of the rest in four more.
const SKIPPABLE_HEAD: usize = 8;

/// One frame.
pub(super) enum RustFrame<R: BufRead> {
    Frame(Box<StreamingDecoder<R, FrameDecoder>>),
    /// One that says nothing, passed over.
    Skipped(R),
}

impl<R: BufRead> RustFrame<R> {
    /// Begins a frame, which may be one that says nothing.
    pub(super) fn new(mut input: R) -> io::Result<Self> {
        if matches!(input.fill_buf()?.first(), Some(0x50..=0x5f)) {
            let mut head = [0; SKIPPABLE_HEAD];
            input.read_exact(&mut head)?;
            let [.., a, b, c, d] = head;
            let length = u64::from(u32::from_le_bytes([a, b, c, d]));
            if io::copy(&mut input.by_ref().take(length), &mut io::sink())? < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            return Ok(Self::Skipped(input));
        }
        StreamingDecoder::new(input).map(|frame| Self::Frame(Box::new(frame))).map_err(io::Error::other)
    }

    /// What it reads.
    pub(super) fn get_ref(&self) -> &R {
        match self {
            Self::Frame(frame) => frame.get_ref(),
            Self::Skipped(input) => input,
        }
    }

    /// What it has read, behind the frame once that is read.
    pub(super) fn into_inner(self) -> R {
        match self {
            Self::Frame(frame) => frame.into_inner(),
            Self::Skipped(input) => input,
        }
    }
}

impl<R: BufRead> Read for RustFrame<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self::Frame(frame) = self else { return Ok(0) };
        let read = frame.read(buffer)?;
        let decoder = &frame.decoder;
        if read == 0 && !buffer.is_empty() {
            let (written, found) = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
            if written.is_some() && written != found {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is another one: it is damaged"));
            }
        }
        Ok(read)
    }
}
