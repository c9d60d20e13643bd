//! What `wit-bindgen` makes of the contract in `wit/`.
#![expect(missing_docs, reason = "generated")]
#![allow(clippy::all, clippy::restriction, clippy::nursery, reason = "generated")]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "mapping",
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "exotrace_component::bindings",
});
