//! What `wit-bindgen` makes of the world in `host/playground/wit`.
#![allow(clippy::all, clippy::restriction, clippy::nursery, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "exotrace:playground/playground",
    generate_all,
});
