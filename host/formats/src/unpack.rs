//! Unpacks what is compressed with gzip or Zstandard, one member after another.
//!
//! What was unpacked before something is wrong is given, as `gzip` does; what stands behind the last member is left out.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

#[cfg(feature = "zstd")]
mod zstd_in_c;
#[cfg(not(feature = "zstd"))]
mod zstd_in_rust;

#[cfg(feature = "zstd")]
use zstd_in_c::LibraryFrame as ZstdFrame;
#[cfg(not(feature = "zstd"))]
use zstd_in_rust::RustFrame as ZstdFrame;

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a frame of Zstandard begins with, and what frames that say nothing do, but for their first byte.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// A file that unpacks to more than this, and to more than this multiple of its length, is refused where a copy of it would
/// be made: mail traces have a ratio of 5 to 30.
const MOST_RATIO: u64 = 200;
const RATIO_FROM_BYTES: u64 = 64 * 1024 * 1024;

/// The longest copy that is made of a compressed file, unpacked.
const MOST_UNPACKED: u64 = 16 * 1024 * 1024 * 1024;

/// The contents of a file, unpacked when it is compressed.
pub struct Unpacked<R: BufRead> {
    state: UnpackState<R>,
    is_packed: bool,
    /// What stands behind the last member, in bytes.
    left_out: u64,
}

enum UnpackState<R: BufRead> {
    Plain(R),
    Gzip(Box<GzDecoder<Counted<R>>>),
    Zstd(ZstdFrame<Counted<R>>),
    Done(u64),
}

/// Why a file is not unpacked to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// It is nearly all repetition.
    #[error(
        "compressed file unpacks to more than {MOST_RATIO} times its length\nhint: unpack it yourself if that is right"
    )]
    Ratio,
    /// The copy would be too long.
    #[error("compressed file unpacks to more than 16 GiB\nhint: unpack it yourself, or split it")]
    Size,
}

impl<R: Read> Unpacked<BufReader<R>> {
    /// Looks how the input is compressed.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn new(input: R) -> io::Result<Self> {
        let input = Counted { input: BufReader::with_capacity(64 * 1024, input), count: 0 };
        Self::begin(input, true)
    }
}

impl<R: BufRead> Unpacked<R> {
    fn begin(input: Counted<R>, is_first: bool) -> io::Result<Self> {
        let mut unpacked = Self { state: UnpackState::Done(0), is_packed: true, left_out: 0 };
        unpacked.state = unpacked.member(input, is_first)?;
        unpacked.is_packed = !matches!(unpacked.state, UnpackState::Plain(_));
        Ok(unpacked)
    }

    /// Whether the input is compressed.
    pub fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// How many bytes behind the compressed contents were left out, once all is read; padding with zeros does not count.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Whether this many bytes are more than a copy may have.
    ///
    /// # Errors
    ///
    /// When they are.
    pub fn check(&self, unpacked: u64) -> Result<(), TooMuch> {
        let packed = match &self.state {
            UnpackState::Plain(_) => return Ok(()),
            UnpackState::Gzip(decoder) => decoder.get_ref().count,
            UnpackState::Zstd(decoder) => decoder.get_ref().count,
            UnpackState::Done(count) => *count,
        };
        if unpacked > RATIO_FROM_BYTES && unpacked / MOST_RATIO > packed {
            return Err(TooMuch::Ratio);
        }
        if unpacked > MOST_UNPACKED { Err(TooMuch::Size) } else { Ok(()) }
    }

    /// What begins here.
    fn member(&mut self, mut input: Counted<R>, is_first: bool) -> io::Result<UnpackState<R>> {
        if !is_first {
            input.skip_zeros()?;
        }
        let start = input.start()?;
        if start.starts_with(&GZIP) {
            return Ok(UnpackState::Gzip(Box::new(GzDecoder::new(input))));
        }
        let is_skippable = matches!(start.first(), Some(0x50..=0x5f)) && start.ends_with(&ZSTD_SKIPPABLE);
        if start == ZSTD || is_skippable && !is_first {
            return Ok(UnpackState::Zstd(ZstdFrame::new(input)?));
        }
        if is_first {
            return Ok(UnpackState::Plain(input.input));
        }
        self.left_out = io::copy(&mut input, &mut io::sink())?;
        Ok(UnpackState::Done(input.count))
    }
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = match &mut self.state {
                UnpackState::Plain(input) => return input.read(buffer),
                UnpackState::Gzip(decoder) => decoder.read(buffer)?,
                UnpackState::Zstd(decoder) => decoder.read(buffer)?,
                UnpackState::Done(_) => return Ok(0),
            };
            if read > 0 {
                return Ok(read);
            }
            let input = match std::mem::replace(&mut self.state, UnpackState::Done(0)) {
                UnpackState::Gzip(decoder) => decoder.into_inner(),
                UnpackState::Zstd(decoder) => decoder.into_inner(),
                other => {
                    self.state = other;
                    return Ok(0);
                }
            };
            self.state = self.member(input, false)?;
        }
    }
}

/// Counts what is read.
struct Counted<R> {
    input: R,
    count: u64,
}

impl<R: BufRead> Counted<R> {
    fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.fill_buf()?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let is_end = bytes.is_empty() || zeros < bytes.len();
            self.consume(zeros);
            if is_end {
                return Ok(());
            }
        }
    }

    /// The next four bytes, or fewer where it ends: they stay there.
    fn start(&mut self) -> io::Result<Vec<u8>> {
        let bytes = self.input.fill_buf()?;
        Ok(bytes.get(..4).unwrap_or(bytes).to_vec())
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.count += length as u64;
        self.input.consume(length);
    }
}
