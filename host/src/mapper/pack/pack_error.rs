//! Why something cannot be made a mapping.

use crate::mapper::component_error::ComponentError;

/// Why something cannot be made a mapping.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The host would refuse it.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The core module fits no component.
    #[error("could not make a component of the core module{}", if *is_of_wasi { WASI_HINT } else { "" })]
    Encode {
        /// Whether it asks for a system.
        is_of_wasi: bool,
        /// What does not fit.
        #[source]
        source: anyhow::Error,
    },
    /// The component does not export what every mapping exports.
    #[error(
        "exports no `exotrace:mapping/mapper`\nhint: build it with bindings of the world `mapping`; `exotrace mapping new` \
         writes the contract"
    )]
    NoMapper,
    /// Its version is not the one that was asked for.
    #[error("the mapping says that it is version `{described}`, not `{wanted}`")]
    OtherVersion {
        /// What was asked for.
        wanted: String,
        /// What it says.
        described: String,
    },
    /// The two do not fit together.
    #[error("could not put the mapping inside: {0}")]
    Wrap(String),
    /// Its name cannot be written into it.
    #[error("could not name it")]
    Name(#[source] anyhow::Error),
}

/// What to do about a core module that asks for a system.
const WASI_HINT: &str =
    "\nhint: build for `wasm32-unknown-unknown`: a mapping gets no files, clock, network or environment";
