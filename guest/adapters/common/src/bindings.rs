//! What `wit-bindgen` makes of the world `adapter` in `guest/adapters/wit`.
#![allow(clippy::all, clippy::restriction, clippy::nursery, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../../wit", "../wit"],
    world: "exotrace:adapters/adapter",
    generate_all,
});
