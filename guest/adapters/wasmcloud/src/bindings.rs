//! What `wit-bindgen` makes of the world `message-handler` in `wit/`.
#![allow(clippy::all, clippy::restriction, clippy::nursery, unreachable_pub, unsafe_code, reason = "generated")]

wit_bindgen::generate!({ path: "wit", world: "message-handler", generate_all });
