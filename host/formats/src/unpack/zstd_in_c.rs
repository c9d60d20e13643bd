//! One frame of Zstandard, by the library in C.

use std::io::{self, BufRead, Read};

use zstd::stream::read::Decoder;

/// One frame.
pub(super) struct LibraryFrame<R: BufRead>(Decoder<'static, R>);

impl<R: BufRead> LibraryFrame<R> {
    /// Begins a frame, which may be one that says nothing.
    pub(super) fn new(input: R) -> io::Result<Self> {
        Ok(Self(Decoder::with_buffer(input)?.single_frame()))
    }

    /// What it reads.
    pub(super) fn get_ref(&self) -> &R {
        self.0.get_ref()
    }

    /// What it has read, behind the frame once that is read.
    pub(super) fn into_inner(self) -> R {
        self.0.finish()
    }
}

impl<R: BufRead> Read for LibraryFrame<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
