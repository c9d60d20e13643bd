//! What `wit-bindgen` makes of the world `geo-provider` in `guest/adapters/wit`.
#![allow(clippy::all, clippy::restriction, clippy::nursery, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../../wit", "../wit"],
    world: "exotrace:adapters/geo-provider",
    generate_all,
});
