//! The mapping versions that the program carries.

/// A component inside the program.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// The version as people write it, without the patch number.
    pub version: &'static str,
    /// The component.
    pub bytes: &'static [u8],
}

/// Every mapping version inside the program, oldest first.
pub const BUILT_IN: [BuiltIn; 2] = [
    BuiltIn { version: "1.20", bytes: include_bytes!(concat!(env!("OUT_DIR"), "/mapping-1.20.wasm")) },
    BuiltIn { version: "2.2", bytes: include_bytes!(concat!(env!("OUT_DIR"), "/mapping-2.2.wasm")) },
];

/// The built-in mapping of that version, with or without the patch number.
pub fn built_in(version: &str) -> Option<BuiltIn> {
    BUILT_IN.into_iter().find(|known| version == known.version || version.strip_suffix(".0") == Some(known.version))
}
