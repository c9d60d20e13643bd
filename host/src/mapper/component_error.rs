//! Why a file or some bytes are not a mapping that this host can run.

use std::{io, path::PathBuf};

use super::{compiler::CompileError, contract::spoken, limits::MAX_COMPONENT_BYTES, mapper_error::MapperError};
use crate::support::{shortage::is_shortage, shown, signature::SignatureError};

/// Why a file or some bytes are not a mapping that this host can run.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The file cannot be read.
    #[error("could not read `{}`", shown::path(path))]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is larger than any mapping.
    #[error("`{}` has more than {MAX_COMPONENT_BYTES} bytes", shown::path(.0))]
    TooLarge(PathBuf),
    /// The file is not what it was.
    #[error("`{}` is not the mapping that was kept", shown::path(.0))]
    Changed(PathBuf),
    /// No mapping has that version.
    #[error("there is no mapping `{version}`\nhint: {known}; or name a file: ./mapping.wasm")]
    NoSuchVersion {
        /// What was asked for.
        version: String,
        /// Which there are, for people.
        known: String,
    },
    /// It cannot be told which file is meant.
    #[error(
        "mapping `{version}` is in two files: `{}` and `{}`\nhint: move one of them away, or name a file",
        shown::path(first),
        shown::path(second)
    )]
    Ambiguous {
        /// What was asked for.
        version: String,
        /// One of the files.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// The file is not signed as it has to be.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The bytes are not WebAssembly, or not a component.
    #[error("not a WebAssembly component")]
    NotAComponent(#[source] wasmtime::Error),
    /// This machine has too little memory or address space left to load it: not the fault of the component.
    #[error("this machine has too little left to load the mapping")]
    Machine(#[source] wasmtime::Error),
    /// The bytes are what components are made of.
    #[error("a core module, not a component\nhint: `exotrace mapping pack` makes a mapping of it")]
    CoreModule,
    /// There is more of something than compilers should see.
    #[error("too complex to be compiled: it has {found} {what}, {most} are the most")]
    TooComplex {
        /// Of what.
        what: &'static str,
        /// How much there may be.
        most: u64,
        /// How much there is.
        found: u64,
    },
    /// It could not be compiled within limits.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The section with the mapping's name and version is missing.
    #[error("not an exotrace mapping: it has no section `exotrace:mapping`\nhint: `exotrace mapping pack` adds it")]
    NoSection,
    /// It was built for another version of the contract.
    #[error("built for version `{}` of the contract, this host speaks {}", .0, spoken())]
    OtherContract(String),
    /// It wants more than a mapping gets.
    #[error("imports `{}`; a mapping may import nothing but `exotrace:mapping/geo`{}", .0, way_out(.0))]
    ForbiddenImport(String),
    /// It does not export what a mapping exports.
    #[error("does not have the exports of a mapping")]
    OtherWorld(#[source] wasmtime::Error),
    /// It stopped when it was asked what it is.
    #[error("could not say what it is")]
    Describe(#[source] Box<MapperError>),
    /// What it says it is cannot be shown.
    #[error("its {what} {problem}")]
    Text {
        /// Of what.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Its section and its own word differ.
    #[error("its section says mapping `{section}`, it says itself `{described}`")]
    Disagrees {
        /// The version in the section.
        section: String,
        /// The version that `describe` gave.
        described: String,
    },
}

/// What to do about an import, where that is known.
fn way_out(import: &str) -> &'static str {
    if import.starts_with("exotrace:mapping/mapper@") {
        "\nhint: `exotrace mapping pack --wrap VERSION` puts the mapping inside"
    } else if import.starts_with("wasi:") {
        "\nhint: build for `wasm32-unknown-unknown`, without the functions of a system"
    } else {
        ""
    }
}

impl ComponentError {
    /// Whether the same may be taken another time: the file is there, but could not be read now, as when there are too
    /// many open files, or the machine has too little memory left.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreadable { source, .. } | Self::Signature(SignatureError::Unreadable { source, .. }) => {
                source.raw_os_error().is_some() && source.kind() != io::ErrorKind::NotFound
            }
            Self::Machine(_) => true,
            Self::Describe(error) => matches!(**error, MapperError::Machine(_)),
            _ => false,
        }
    }

    /// wasmtime does not take the bytes, or the machine has nothing to load them into.
    pub(super) fn not_loaded(error: wasmtime::Error) -> Self {
        if is_shortage(error.as_ref()) { Self::Machine(error) } else { Self::NotAComponent(error) }
    }
}
