//! The section in which a component says which mapping it is, before anything of it is compiled.

use wasmparser::{Parser, Payload};

use super::component_error::ComponentError;

/// The name of the section.
pub(super) const SECTION: &str = "exotrace:mapping";

/// Says what a file is that is not a component.
pub(super) fn check_kind(bytes: &[u8]) -> Result<(), ComponentError> {
    if Parser::is_component(bytes) {
        return Ok(());
    }
    if Parser::is_core_wasm(bytes) {
        return Err(ComponentError::CoreModule);
    }
    Err(ComponentError::NotAComponent(wasmtime::Error::msg("the file does not begin like one")))
}

/// The version of the mapping that a component says it is, if it is one.
pub(super) fn version_of(bytes: &[u8]) -> Option<String> {
    if !Parser::is_component(bytes) {
        return None;
    }
    read_section(bytes).ok().map(|(mapping_version, _)| mapping_version)
}

/// The versions of the mapping and of the contract in the custom section, which stands in the core module.
pub(super) fn read_section(bytes: &[u8]) -> Result<(String, String), ComponentError> {
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| ComponentError::NotAComponent(wasmtime::Error::new(error)))?;
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            return parse_section(section.data()).ok_or(ComponentError::NoSection);
        }
    }
    Err(ComponentError::NoSection)
}

/// The versions of the mapping and of the contract.
pub(super) fn parse_section(section: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(section);
    let value = |key| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    value("mapping=").zip(value("wit="))
}
