//! What a component file says about itself, without running anything of it.

use std::collections::BTreeMap;

use serde::Serialize;
use wasmparser::{BinaryReaderError, CustomSectionReader, KnownCustom, Parser, Payload};

use super::{
    component_error::ComponentError,
    digest::digest,
    section::{check_kind, read_section},
};

/// The custom sections that tools put names, authors and sources into.
const METADATA: [&str; 7] = ["authors", "description", "homepage", "licenses", "revision", "source", "version"];

/// What stands in a component file.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Inspection {
    /// Length of the file in bytes.
    pub size: usize,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    /// Version of the mapping, in its section.
    pub mapping_version: Option<String>,
    /// Version of the contract that it was built with, in its section.
    pub wit_version: Option<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// What it was made with: by the kind of tool, such as `language`.
    pub producers: BTreeMap<String, Vec<String>>,
    /// What else it says, by the name of the section, such as `authors`.
    pub metadata: BTreeMap<String, String>,
}

impl Inspection {
    /// Reads through the bytes of a component.
    ///
    /// # Errors
    ///
    /// When they are not those of a component.
    pub fn new(bytes: &[u8]) -> Result<Self, ComponentError> {
        check_kind(bytes)?;
        let mut found = Self { size: bytes.len(), digest: digest(bytes), ..Self::default() };
        found.read(bytes).map_err(|error| ComponentError::NotAComponent(wasmtime::Error::new(error)))?;
        (found.mapping_version, found.wit_version) = read_section(bytes).ok().unzip();
        Ok(found)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), BinaryReaderError> {
        // Modules and components inside of the component have imports and exports of their own, which nobody sees.
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        self.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        self.exports.push(export?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) => self.read_custom(&section, depth)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_custom(&mut self, section: &CustomSectionReader<'_>, depth: usize) -> Result<(), BinaryReaderError> {
        if METADATA.contains(&section.name()) {
            let text = String::from_utf8_lossy(section.data()).into_owned();
            // Of a component that is composed of others, what it says itself counts more than what they say.
            let known = self.metadata.entry(section.name().to_owned()).or_insert_with(|| text.clone());
            if depth == 0 {
                *known = text;
            }
        } else if let KnownCustom::Producers(fields) = section.as_known() {
            for field in fields {
                let field = field?;
                let known = self.producers.entry(field.name.to_owned()).or_default();
                for value in field.values {
                    let value = value?;
                    let text = format!("{} {}", value.name, value.version).trim().to_owned();
                    if !known.contains(&text) {
                        known.push(text);
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn custom(name: &str, text: &str) -> Vec<u8> {
        section(0, &[&[u8::try_from(name.len()).unwrap()], name.as_bytes(), text.as_bytes()].concat())
    }

    #[test]
    fn what_a_component_says_counts_more_than_what_is_said_inside_of_it() {
        let inner = [HEADER, &custom("description", "inner"), &custom("licenses", "MIT")].concat();
        let outer = [HEADER, &custom("version", "1"), &section(4, &inner), &custom("description", "outer")].concat();
        let found = Inspection::new(&outer).unwrap().metadata;
        let found: Vec<_> = found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(found, [("description", "outer"), ("licenses", "MIT"), ("version", "1")]);
    }
}
