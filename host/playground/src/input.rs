//! What is read, from the page.

use std::io::{self, Read};

use crate::bindings::exotrace::playground::input;

/// Bytes that the page gives, as many as are asked for.
pub(crate) struct PageInput;

impl Read for PageInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let bytes = input::read(most).map_err(io::Error::other)?;
        let place =
            buffer.get_mut(..bytes.len()).ok_or_else(|| io::Error::other("the page gave more than was asked for"))?;
        place.copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}
