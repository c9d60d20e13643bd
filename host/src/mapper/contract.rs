//! What wasmtime makes of the contract in `wit/`.

wasmtime::component::bindgen!({ path: "../wit", world: "mapping" });

pub(crate) use self::exotrace::mapping::geo;
pub(crate) use exports::exotrace::mapping::mapper;
