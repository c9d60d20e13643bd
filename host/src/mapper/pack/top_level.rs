//! A component section by section.

use wasm_encoder::{Component as Encoded, RawSection};
use wasmparser::{BinaryReader, BinaryReaderError};

use super::pack_error::PackError;
use crate::mapper::component_error::ComponentError;

/// The sections of a component, without those inside of it.
pub(super) fn top_level(component: &[u8]) -> Result<Vec<RawSection<'_>>, BinaryReaderError> {
    let mut reader = BinaryReader::new(component, 0);
    reader.read_bytes(Encoded::HEADER.len())?;
    let mut sections = Vec::new();
    while !reader.eof() {
        let id = reader.read_u8()?;
        let length = reader.read_var_u32()? as usize;
        sections.push(RawSection { id, data: reader.read_bytes(length)? });
    }
    Ok(sections)
}

/// What is not a component.
pub(super) fn unreadable(error: BinaryReaderError) -> PackError {
    ComponentError::NotAComponent(wasmtime::Error::new(error)).into()
}
