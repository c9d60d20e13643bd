//! What `wit-bindgen` makes of the world `processor` in `wit/`.
#![allow(clippy::all, clippy::restriction, clippy::nursery, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({ path: "wit", world: "processor" });
